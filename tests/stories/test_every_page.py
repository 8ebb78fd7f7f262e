"""Every page a person can reach: no barrier, no console error, no sideways scroll, no word of another language."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError

from maru.testing.house import House
from tests.stories.looking import barriers, leftovers, overflow, written_by_people
from tests.stories.places import NO_PAGES, PLACES, Place, routes

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 780}
WRITTEN = written_by_people()


@pytest.fixture(scope="module")
def facts(demo_house: House) -> dict[str, Any]:
    script = Path(__file__).with_name("furniture.py")
    done = subprocess.run(
        [sys.executable, script], env=demo_house.env, check=True, capture_output=True, text=True, timeout=120
    )
    return dict(json.loads(done.stdout))


def test_the_table_names_every_address() -> None:
    known = NO_PAGES | {place.route for place in PLACES}
    assert set(routes()) == known


class Visitor:
    """One browser for one language and one theme; a context for each person who is signed in."""

    def __init__(self, browser: Any, house: House, facts: dict[str, Any], language: str, scheme: str) -> None:
        self.browser, self.house, self.facts = browser, house, facts
        self.language, self.scheme = language, scheme
        self.contexts: dict[str, Any] = {}

    def context(self, who: str) -> Any:
        """Somebody unknown is new on every page."""
        if who in self.contexts:
            return self.contexts[who]
        context = self.browser.new_context(
            base_url=self.house.url,
            locale=self.language,
            viewport=DESKTOP,
            color_scheme=self.scheme,
            reduced_motion="reduce",
        )
        cookies = {"maru_language": self.language, "theme": "auto"}
        if who:
            cookies["maru_session"] = self.facts[f"session_{who}"]
            self.contexts[who] = context
        context.add_cookies([{"name": name, "value": text, "url": self.house.url} for name, text in cookies.items()])
        return context

    def problems(self, place: Place, with_axe: bool, axe_on_phone: bool) -> list[Any]:
        """Everything that is wrong with one page in this language, at both widths."""
        page = self.context(place.who).new_page()
        page.set_default_timeout(15_000)
        wrong: list[Any] = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        try:
            self.go(page, place)
            wrong += self.seen(page, with_axe, axe_on_phone)
        except (AssertionError, PlaywrightError) as error:
            wrong.append(f"{error} at {page.url}")
        page.close()
        if not place.who:
            page.context.close()
        # An answer with an error status is what some pages are; a script or policy error never is.
        return [text for text in wrong if "Failed to load resource" not in text]

    def go(self, page: Any, place: Place) -> None:
        answer = page.goto(place.path.format(**self.facts))
        assert answer.status == place.status, answer.status
        if place.act:
            place.act(page)

    def seen(self, page: Any, with_axe: bool, axe_on_phone: bool) -> list[Any]:
        found: list[Any] = leftovers(page, WRITTEN) if self.language != "en" else []
        for viewport, is_phone in ((DESKTOP, False), (PHONE, True)):
            page.set_viewport_size(viewport)
            found += [wide] if (wide := overflow(page)) else []
            if with_axe and is_phone == axe_on_phone:
                found += barriers(page)
        return found


@pytest.mark.parametrize(
    ("language", "scheme", "with_axe"), [("ko", "light", True), ("ja", "dark", True), ("en", "light", False)]
)
def test_every_page_is_whole(
    demo_house: House, browser: Any, facts: dict[str, Any], language: str, scheme: str, with_axe: bool
) -> None:
    visitor = Visitor(browser, demo_house, facts, language, scheme)
    found = {}
    for number, place in enumerate(PLACES):
        # Rules are read at one width in each theme: the phone in the one, the desktop in the other.
        axe_on_phone = bool(number % 2) == (scheme == "dark")
        if problems := visitor.problems(place, with_axe, axe_on_phone):
            found[str(place)] = problems
    for context in visitor.contexts.values():
        context.close()
    assert not found, json.dumps(found, ensure_ascii=False, indent=1)
