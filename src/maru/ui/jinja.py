"""Jinja2 for Django: the environment with Maru's globals, and the backend that finds templates inside apps."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.backends.jinja2 import Jinja2, Template
from django.template.backends.utils import csrf_input
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import (
    get_language,
    gettext,
    ngettext,
    npgettext,
    pgettext,
)
from jinja2 import Environment, FileSystemBytecodeCache
from jinja2.environment import create_cache
from markupsafe import Markup

from maru.ui import atoms, manifest, strings, times
from maru.ui.folding import FoldingEnvironment
from maru.ui.markup import safe

LANGUAGES = (("ko", "한국어"), ("ja", "日本語"), ("en", "English"))
THEMES = ("light", "dark", "auto")

_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


class MaruJinja2(Jinja2):
    """Django's Jinja2 backend reading `<app>/templates`, the same folder name as everything else."""

    app_dirname = "templates"

    def __init__(self, params: dict[str, Any]) -> None:
        self._speaking: dict[str, Any] = {}
        super().__init__(params)

    def get_template(self, template_name: str) -> "MaruTemplate":
        found = super().get_template(template_name)
        return MaruTemplate(found.template, self)

    @property
    def env(self) -> Any:
        """The environment of the active language."""
        language = lang()
        return self._speaking.get(language) or self._speaking["en"]

    @env.setter
    def env(self, made: Any) -> None:
        for language, _name in LANGUAGES:
            speaking = made.overlay()
            # An overlay shares its parent's cache; each language needs compiled templates of its own.
            speaking.cache = create_cache(400)
            speaking.language = language
            self._speaking[language] = speaking


class MaruTemplate(Template):
    """A template that makes the form token of a request once, not once for each of its forms."""

    def render(self, context: Mapping[str, Any] | None = None, request: HttpRequest | None = None) -> str:
        values = dict(context or {})
        if request is not None:
            values |= request_values(request)
            for processor in self.backend.template_context_processors:
                values.update(processor(request))
        return str(self.template.render(values))


def request_values(request: HttpRequest) -> dict[str, Any]:
    """What every template knows of its request."""
    return {
        "request": request,
        "csrf_input": SimpleLazyObject(lambda: csrf_input(request)),
        "csrf_token": SimpleLazyObject(lambda: get_token(request)),
    }


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """Address of a named URL. Raises NoReverseMatch."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


def pref_url(name: str) -> str:
    """Address that stores a preference (`theme`, `language`); known by heart so that error pages never fail on it."""
    try:
        return reverse(f"ui:{name}")
    except NoReverseMatch:
        return f"/-/{name}"


def json_script(value: Any, element_id: str) -> Markup:
    """Data for scripts as an inert JSON element; safe against closing tags in the data."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
    return safe(f'<script id="{element_id}" type="application/json">{text}</script>')


def js_catalogue(area: str) -> Markup:
    """The words of the page's scripts as an inert element, made once for each language."""
    return _js_catalogue(area, lang())


@lru_cache(maxsize=16)
def _js_catalogue(area: str, language: str) -> Markup:
    return json_script(strings.catalogue(area), "i18n")


def theme_of(request: Any) -> str:
    """The viewer's theme from the cookie: light, dark or auto."""
    chosen = request.COOKIES.get("theme", "auto") if request is not None else "auto"
    return chosen if chosen in THEMES else "auto"


def cookie(request: Any, name: str) -> str:
    """One cookie's text, empty when absent or when there is no request (error pages)."""
    return str(request.COOKIES.get(name, "")) if request is not None else ""


def messages_of(request: Any) -> list[Any]:
    """Django's one-time messages for this request; an empty list where sessions are out of reach."""
    if request is None or not hasattr(request, "_messages"):
        return []
    return list(request._messages)


def lang() -> str:
    """Two-letter language of this page."""
    return (get_language() or "en")[:2]


def classes(*names: str | bool | None) -> str:
    """Join class names, leaving out what is empty."""
    return " ".join(name for name in names if isinstance(name, str) and name)


def environment(**options: Any) -> Environment:
    """The environment for Django's Jinja2 backend (`OPTIONS["environment"] = "maru.ui.jinja.environment"`)."""
    cache = Path(getattr(settings, "JINJA_CACHE_DIR", "") or "")
    if str(cache) not in ("", "."):
        cache.mkdir(parents=True, exist_ok=True)
        options.setdefault("bytecode_cache", FileSystemBytecodeCache(str(cache)))
    options["autoescape"] = True
    env = FoldingEnvironment(
        **options,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    env.globals.update(
        url=url,
        pref_url=pref_url,
        static=manifest.asset,
        asset=manifest.asset,
        vite=manifest.vite,
        vite_late=manifest.vite_late,
        json_script=json_script,
        theme_of=theme_of,
        cookie=cookie,
        messages_of=messages_of,
        lang=lang,
        get_language=get_language,
        classes=classes,
        js_strings=strings.catalogue,
        js_catalogue=js_catalogue,
        hotkeys=strings.hotkeys,
        LANGUAGES=LANGUAGES,
        **_atoms(),
    )
    env.filters.update(filesize=times.filesize, ago=times.ago, clock=times.clock, day=times.day)
    return env


def _atoms() -> dict[str, Any]:
    return {
        "icon": atoms.icon,
        "status": atoms.status,
        "status_label": atoms.status_label,
        "stage": atoms.stage,
        "prio": atoms.prio,
        "priority_label": atoms.priority_label,
        "channel": atoms.channel,
        "channel_label": atoms.channel_label,
        "avatar": atoms.avatar,
        "avatar_emoji": atoms.AVATAR_EMOJI,
        "emoji": atoms.emoji,
        "sla": atoms.sla,
        "bubble": atoms.bubble,
        "ago": times.ago,
        "clock": times.clock,
        "hour": times.hour,
        "day": times.day,
        "date_text": times.date_text,
        "full_text": times.full_text,
        "filesize": times.filesize,
    }
