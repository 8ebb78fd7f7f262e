"""Reads the forms of a page, so that every field can be filled with nonsense."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

TYPED = {"text", "email", "url", "tel", "number", "search", "time", "textarea"}
CHOSEN = {"select", "radio", "checkbox", "hidden"}


@dataclass
class Form:
    """``fields``: kind and value of each name, as a browser would send them."""

    action: str
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, str]:
        return {name: value for name, (_kind, value) in self.fields.items()}

    def names(self, kinds: set[str]) -> list[str]:
        return [name for name, (kind, _value) in self.fields.items() if kind in kinds]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.form: Form | None = None
        self.select, self.textarea = "", ""
        self.errors: list[str] = []
        self.in_error = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = {name: value or "" for name, value in attributes}
        if self.in_error and tag in ("p", "span", "div"):
            self.in_error += 1
        if tag in ("p", "span", "div") and "err" in given.get("class", "").split() and "hidden" not in given:
            self.in_error += not self.in_error
            self.errors.append("")
        if tag == "form" and given.get("method", "").lower() == "post":
            self.form = Form(given.get("action", ""))
        if self.form is None:
            return
        name = given.get("name", "")
        if tag == "input" and name:
            self._input(self.form, name, given)
        elif tag == "select" and name:
            self.select = name
            self.form.fields.setdefault(name, ("select", ""))
        elif tag == "option" and self.select and ("selected" in given or not self.form.fields[self.select][1]):
            self.form.fields[self.select] = ("select", given.get("value", ""))
        elif tag == "textarea" and name:
            self.textarea = name
            self.form.fields[name] = ("textarea", "")

    @staticmethod
    def _input(form: Form, name: str, given: dict[str, Any]) -> None:
        kind = given.get("type", "text")
        if kind in ("radio", "checkbox"):
            if "checked" in given:
                form.fields[name] = (kind, given.get("value", "on"))
        elif kind not in ("file", "submit", "button"):
            form.fields[name] = (kind, given.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self.in_error:
            self.errors[-1] += data
        if self.form is not None and self.textarea:
            kind, value = self.form.fields[self.textarea]
            self.form.fields[self.textarea] = (kind, value + data)

    def handle_endtag(self, tag: str) -> None:
        if self.in_error and tag in ("p", "span", "div"):
            self.in_error -= 1
        if tag == "form" and self.form is not None:
            self.forms.append(self.form)
            self.form = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.textarea = ""


def read_page(html: str) -> tuple[list[Form], list[str]]:
    """The page's forms that post, and the texts that say what is wrong."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.forms, [" ".join(text.split()) for text in reader.errors if text.strip()]
