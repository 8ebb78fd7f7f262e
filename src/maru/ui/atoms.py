"""The smallest parts of a page as plain functions: a list of fifty rows calls them some four hundred times."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from zlib import crc32

from django.utils import timezone
from django.utils.translation import get_language, gettext, gettext_noop, pgettext
from markupsafe import Markup, escape

from maru.ui import manifest
from maru.ui.markup import safe

STATUSES: Mapping[str, tuple[str, str]] = {
    "new": ("circle-dashed", gettext_noop("Received")),
    "open": ("circle-dot", gettext_noop("In progress")),
    "pending": ("circle-pause", gettext_noop("On hold")),
    "transferred": ("circle-arrow-right", gettext_noop("Transferred")),
    "answered": ("message-circle-reply", gettext_noop("Transfer answered")),
    "resolved": ("circle-check", gettext_noop("Resolved")),
    "closed": ("circle-slash", gettext_noop("Done")),
    "spam": ("ban", gettext_noop("Spam")),
}
PRIORITIES: Mapping[str, tuple[int, str]] = {
    "urgent": (3, gettext_noop("Urgent")),
    "high": (3, gettext_noop("High")),
    "normal": (2, gettext_noop("Normal")),
    "low": (1, gettext_noop("Low")),
}
CHANNELS: Mapping[str, tuple[str, str]] = {
    "email": ("mail", gettext_noop("Email")),
    "web": ("panels-top-left", gettext_noop("Web form")),
    "chat": ("message-circle", gettext_noop("Chat")),
    "phone": ("phone", gettext_noop("Phone")),
    "sms": ("smartphone", gettext_noop("Text message")),
    "api": ("plug", gettext_noop("API")),
    "agent": ("user-round-pen", gettext_noop("By hand")),
}
STAGE_COLORS = ("violet", "blue", "amber", "green", "teal", "rose", "orange", "grey")
AVATAR_EMOJI = tuple("🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🦉🦆🐢🐳🐬🦭🐙🦋🌵🌲🍀🌻🍎🍋🍑🫐🥑🥐🍙🍵⛵🚲🎈🎧🎨🧩🪁🌙")

_RING = 37.7  # circumference of the SLA ring, radius 6


def icon(name: str, cls: str = "", label: str = "") -> Markup:
    """A Lucide icon from the sprite. Hidden from screen readers unless `label` names it."""
    return _icon(name, cls, label, manifest.asset(manifest.SPRITE))


@lru_cache(maxsize=2048)
def _icon(name: str, cls: str, label: str, sprite: str) -> Markup:
    role = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return safe(f'<svg class="i {escape(cls)}" {role}><use href="{escape(sprite)}#{escape(name)}"/></svg>')


def status(name: str, mode: str = "badge", label: str = "") -> Markup:
    """A ticket status as glyph, colour and word; `mode="glyph"` shows the sign alone with the word for readers."""
    return _status(name, mode, label, get_language() or "en", manifest.asset(manifest.SPRITE))


@lru_cache(maxsize=512)
def _status(name: str, mode: str, label: str, language: str, sprite: str) -> Markup:
    glyph, word = STATUSES.get(name, STATUSES["open"])
    text = escape(label or gettext(word))
    sign = _icon(glyph, "", "", sprite)
    if mode == "glyph":
        return safe(
            f'<span class="st st-{escape(name)}" title="{text}">{sign}<span class="sr-only">{text}</span></span>'
        )
    return safe(f'<span class="badge badge-{escape(name)}">{sign}{text}</span>')


def status_label(name: str) -> str:
    """The word for a status in the viewer's language."""
    return gettext(STATUSES.get(name, STATUSES["open"])[1])


def stage(label: str, status_name: str, color: str = "", mode: str = "badge") -> Markup:
    """A stage named by the organization: the glyph of its status, its own words, its own colour when it has one."""
    if color not in STAGE_COLORS:
        return status(status_name, mode, label)
    glyph, _word = STATUSES.get(status_name, STATUSES["open"])
    text, sign = escape(label), icon(glyph)
    if mode == "glyph":
        return safe(f'<span class="st hue-{color}" title="{text}">{sign}<span class="sr-only">{text}</span></span>')
    return safe(f'<span class="badge badge-hue hue-{color}">{sign}{text}</span>')


def prio(name: str, text: bool = False) -> Markup:
    """A priority: one to three bars, urgent as a filled square; `text=True` writes the word beside it."""
    return _prio(name, text, get_language() or "en")


@lru_cache(maxsize=64)
def _prio(name: str, text: bool, language: str) -> Markup:
    bars, word = PRIORITIES.get(name, PRIORITIES["normal"])
    label = escape(gettext(word))
    if name == "urgent":
        drawing = (
            '<rect x="1.5" y="1.5" width="13" height="13" rx="3.5" fill="currentColor"/>'
            '<path class="prio-mark" d="M8 4.6v4.2M8 11.2v.2" stroke-width="1.8" stroke-linecap="round"/>'
        )
    else:
        drawing = "".join(
            f'<rect x="{2 + k * 4.5}" y="{10 - k * 3.5}" width="3" height="{4 + k * 3.5}" rx="1" '
            f'fill="currentColor" opacity="{1 if k < bars else 0.28}"/>'
            for k in range(3)
        )
    glyph = f'<svg class="i" viewBox="0 0 16 16" aria-hidden="true">{drawing}</svg>'
    if text:
        return safe(f'<span class="prio prio-{escape(name)}">{glyph}{label}</span>')
    return safe(
        f'<span class="prio prio-{escape(name)}" title="{label}">{glyph}<span class="sr-only">{label}</span></span>'
    )


def priority_label(name: str) -> str:
    """The word for a priority in the viewer's language."""
    return gettext(PRIORITIES.get(name, PRIORITIES["normal"])[1])


def channel(kind: str, text: bool = False) -> Markup:
    """Which way a request came in."""
    return _channel(kind, text, get_language() or "en", manifest.asset(manifest.SPRITE))


@lru_cache(maxsize=128)
def _channel(kind: str, text: bool, language: str, sprite: str) -> Markup:
    glyph, word = CHANNELS.get(kind, ("message-square", kind))
    label, sign = escape(gettext(word)), _icon(glyph, "", "", sprite)
    if text:
        return safe(f'<span class="ch">{sign}{label}</span>')
    return safe(f'<span class="ch" title="{label}">{sign}<span class="sr-only">{label}</span></span>')


def channel_label(kind: str) -> str:
    """The word for a channel in the viewer's language."""
    return gettext(CHANNELS.get(kind, ("", kind))[1])


def emoji_url(sign: str) -> str:
    """Address of the drawing of one of AVATAR_EMOJI: the same on every system, also where no emoji font is."""
    return manifest.asset(f"img/emoji/{ord(sign[0]):x}.svg")


def emoji(sign: str) -> Markup:
    """The drawing itself, decorative."""
    return safe(f'<img class="emoji" src="{emoji_url(sign)}" alt="" width="24" height="24">')


def initials(name: str) -> str:
    """One sign for Korean and Japanese names, two letters for Latin names of two words."""
    words = name.split()
    if not words:
        return "?"
    if len(words) > 1 and name.isascii():
        return (words[0][0] + words[-1][0]).upper()
    return words[0][0].upper()


def avatar(
    name: str,
    size: str = "",
    picture: str = "",
    presence: bool = False,
    decorative: bool = True,
) -> Markup:
    """
    A person's sign. `picture` is empty (initials), one of AVATAR_EMOJI, or the address of an image.
    `size` is "", "sm" or "lg". `decorative=False` speaks the name: use it where no text names the person.
    An empty name shows the dashed "nobody yet" sign.
    """
    return _avatar(name, size, picture, presence, decorative, get_language() or "en", manifest.asset(manifest.SPRITE))


@lru_cache(maxsize=4096)
def _avatar(name: str, size: str, picture: str, presence: bool, decorative: bool, language: str, sprite: str) -> Markup:
    sized = f"avatar avatar-{escape(size.removeprefix('avatar-'))}" if size else "avatar"
    if not name:
        label = escape(gettext("Unassigned"))
        return safe(
            f'<span class="{sized} avatar-none" title="{label}">{_icon("user-round", "", "", sprite)}'
            f'<span class="sr-only">{label}</span></span>'
        )
    shown, about = escape(name), 'aria-hidden="true"'
    if not decorative:
        about = f'role="img" aria-label="{shown}"'
    here = " presence" if presence else ""
    tone = crc32(name.encode()) % 8
    if picture.startswith(("/", "https://", "http://")):
        inner = f'<img src="{escape(picture)}" alt="" loading="lazy" decoding="async">'
    elif picture in AVATAR_EMOJI:
        here += " avatar-emoji"
        inner = f'<img src="{emoji_url(picture)}" alt="">'
    else:
        inner = str(escape(initials(name)))
    return safe(f'<span class="{sized} av-{tone}{here}" title="{shown}" {about}>{inner}</span>')


def span_text(minutes: int) -> str:
    """A length of time in short words: 18m, 2h 10m, 3d 4h. Sign is ignored."""
    size = abs(minutes)
    if size >= 1440:
        return gettext("%(d)sd %(h)sh") % {"d": size // 1440, "h": size % 1440 // 60}
    if size >= 60:
        return gettext("%(h)sh %(m)sm") % {"h": size // 60, "m": size % 60}
    return gettext("%(m)sm") % {"m": size}


def sla(due: datetime | None, total_minutes: int = 240, now: datetime | None = None) -> Markup:
    """Time left until `due` as ring and words: grey, amber in the last hour, red when over. Empty without `due`."""
    if due is None:
        return safe("")
    minutes = int((due - (now or timezone.now())).total_seconds() // 60)
    tone = "over" if minutes < 0 else "soon" if minutes <= 60 else "ok"
    part = 1.0 if minutes < 0 else max(0.04, min(1.0, minutes / max(1, total_minutes)))
    words = gettext("%(t)s over") if minutes < 0 else gettext("%(t)s left")
    text = escape(words % {"t": span_text(minutes)})
    name = escape(pgettext("time limit", "SLA"))
    circle = '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2.4"'
    return safe(
        f'<m-sla class="sla sla-{tone}" due="{due.isoformat()}">'
        f'<svg class="i" viewBox="0 0 16 16" aria-hidden="true">{circle} opacity=".25"/>'
        f'{circle} stroke-linecap="round" stroke-dasharray="{_RING * part:.1f} {_RING}" transform="rotate(-90 8 8)"/></svg>'
        f'<span class="sr-only">{name} </span><span data-t>{text}</span></m-sla>'
    )


def bubble(count: int, label: str = "") -> Markup:
    """A red counter; nothing for zero. `label` is what is counted, for screen readers ("unread")."""
    if not count:
        return safe("")
    shown = "99+" if count > 99 else str(count)
    what = escape(label or gettext("unread"))
    return safe(f'<span class="bubble-n"><span class="sr-only">{what} </span>{shown}</span>')
