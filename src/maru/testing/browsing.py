"""Debian's Chromium through Playwright, watched for console errors."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Where a page that failed is kept as a picture.
FAILURES = Path(".cache") / "failed-pages"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium. Raises FileNotFoundError when Debian's package is not installed."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise FileNotFoundError("Chromium is missing: run scripts/test-prerequisites")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def watched_page(
    browser: Browser, base_url: str, *, language: str = "ko-KR", width: int = 1440, height: int = 900, **options: Any
) -> Iterator[Page]:
    """A page in its own context; leaving it raises AssertionError if the console has shown an error."""
    context = browser.new_context(
        base_url=base_url, locale=language, viewport={"width": width, "height": height}, **options
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.errors = errors  # type: ignore[attr-defined]
    try:
        yield page
    except BaseException:
        with contextlib.suppress(Exception):
            FAILURES.mkdir(parents=True, exist_ok=True)
            print("failed at", page.url, page.errors)  # type: ignore[attr-defined]
            page.screenshot(path=FAILURES / f"{time.strftime('%H%M%S')}.png")
        raise
    finally:
        context.close()
    # An answer with an error status is what some tests ask for; a script or policy error never is.
    real = [text for text in errors if "Failed to load resource" not in text]
    assert not real, real
