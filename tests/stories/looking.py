"""What is wrong with a page that stands in a browser: untranslated words, sideways scroll, barriers."""

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from maru.config.demo import english, japanese, korean
from maru.config.demo.templates import TEMPLATES

# Every text a person sees or hears, without what people wrote themselves in places marked as such.
VISIBLE = """() => {
  const found = [];
  const hidden = (one) => !one.checkVisibility();
  const skipped = (one) => one.closest("code, kbd, pre, textarea, script, style, noscript, [lang=''], option, [data-user]");
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const parent = walk.currentNode.parentElement;
    if (!skipped(parent) && !hidden(parent)) found.push(walk.currentNode.textContent);
  }
  for (const one of document.querySelectorAll("select:not([name=time_zone]) option")) found.push(one.textContent);
  for (const name of ["placeholder", "aria-label", "title", "alt", "data-label", "data-placeholder"])
    for (const one of document.querySelectorAll(`[${name}]`)) if (!hidden(one)) found.push(one.getAttribute(name));
  found.push(document.title);
  return [...new Set(found.map((text) => text.replace(/\\s+/g, " ").trim()).filter(Boolean))];
}"""
OVERFLOW = """() => {
  const wide = document.documentElement.scrollWidth;
  if (wide <= innerWidth) return null;
  const out = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1);
  return [wide, out.slice(0, 5).map((one) => one.tagName + "." + one.className)];
}"""
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
LATIN = re.compile(r"[A-Za-z][A-Za-z'’]+(?:[ ,.:;/-]+[A-Za-z][A-Za-z'’]+)+")
# Names of things, not words of a language.
NAMES = (
    *(
        "Powered by",
        "MS Office",
        "PNG, JPEG, WebP, GIF",
        "PDF, TXT, ZIP",
        "my-company",
        "AB Company",
        "COMPANY CODE",
        "TICKET NUMBER",
        "Google OAuth2",
        "Microsoft OAuth2",
    ),
    *("Google Authenticator", "Microsoft Authenticator", "Google Workspace", "Microsoft 365", "Idempotency-Key"),
)
ADDRESS = re.compile(r"https?://\S+|\S+@\S+|www\.\S+|[\w-]+(?:\.[\w-]+)+|T-[0-9A-Z-]+|[\w.-]*/[\w/.-]+|Asia/\w+")


def written_by_people() -> str:
    """Everything the demo's customers and colleagues have written, as one text to look into."""
    parts: list[str] = []
    for request in (*korean.REQUESTS, *japanese.REQUESTS, *english.REQUESTS):
        parts += [request.title, request.text, request.name, request.email, request.company]
        parts += [turn.text for turn in request.turns]
    for title, _code, html in TEMPLATES:
        parts += [title, html]
    return " ".join(" ".join(parts).split())


def leftovers(page: Any, written: str) -> list[str]:
    """Visible texts with two or more English words that neither people wrote nor are names."""
    found = []
    for text in page.evaluate(VISIBLE):
        bare = ADDRESS.sub("", text)
        for name in NAMES:
            bare = bare.replace(name, "")
        for match in LATIN.findall(bare):
            if match not in written:
                found.append(text[:100])
                break
    return found


def overflow(page: Any) -> Any:
    """``None``, or how wide the page is and the first elements that stick out."""
    return page.evaluate(OVERFLOW)


def barriers(page: Any) -> list[Any]:
    """What axe finds: rule and elements."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        (
            one["id"],
            [(node["target"], node["html"][:200], node.get("failureSummary", "")[:300]) for node in one["nodes"][:4]],
        )
        for one in found
    ]
