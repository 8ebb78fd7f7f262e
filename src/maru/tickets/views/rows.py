"""Rows of a list and cards of the board, fifty or two hundred at a time: written straight, for they are most of a page.

Everything somebody typed passes ``escape``; the rest are parts of the interface, made once per page and kind.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from html import escape

from django.utils import timezone
from django.utils.translation import gettext as _
from markupsafe import Markup

from maru.tickets.queries.lists import Row
from maru.tickets.views.scripts import lang_attribute
from maru.ui import atoms
from maru.ui.times import ago_text

SLA_MINUTES = 480


@dataclass
class Parts:
    """Signs of one page: the same status, priority or person is drawn once."""

    now: datetime = field(default_factory=timezone.now)
    _made: dict[Hashable, str] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], str]) -> str:
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = str(make())
        return found

    def stage(self, row: Row) -> str:
        if row.is_spam:
            return self.once("spam", lambda: atoms.status("spam", "glyph"))
        key = ("stage", row.stage_id, row.status)
        return self.once(key, lambda: atoms.stage(row.stage_name, row.sign, row.stage_colour, "glyph"))

    def priority(self, row: Row) -> str:
        return self.once(("priority", row.priority_value), lambda: atoms.prio(row.priority))

    def channel(self, row: Row) -> str:
        return self.once(("channel", row.channel_value), lambda: atoms.channel(row.channel))

    def assignee(self, row: Row) -> str:
        person = row.assignee
        if person is None:
            return self.once("nobody", lambda: atoms.avatar("", "sm"))
        return self.once(("person", person.id), lambda: atoms.avatar(person.name, "sm", person.avatar, False, False))

    def icon(self, name: str) -> str:
        return self.once(("icon", name), lambda: atoms.icon(name, "i-sm"))

    def due(self, row: Row) -> str:
        due_at = row.due_at
        return str(atoms.sla(due_at, SLA_MINUTES, self.now)) if due_at is not None else ""

    def changed(self, row: Row) -> str:
        minutes = int((self.now - row.updated_at).total_seconds() // 60)
        text = self.once(
            ("ago", minutes if minutes < 60 else row.updated_at), lambda: ago_text(row.updated_at, self.now)
        )
        return f'<time datetime="{row.updated_at.isoformat()}" data-ago>{text}</time>'


def list_rows(rows: Iterable[Row], *, current: str, list_url: str, query: str) -> Markup:
    """The rows of the list pane; ``current`` is the number of the open ticket."""
    parts, select, waiting, address = Parts(), escape(_("Select")), escape(_("Waiting for an answer")), escape(query)
    written = "".join(_row(row, parts, row.number == current, list_url, address, select, waiting) for row in rows)
    return Markup(written)  # noqa: S704 - made of escaped pieces above


def _row(row: Row, parts: Parts, is_open: bool, list_url: str, query: str, select: str, waiting: str) -> str:
    title, url = escape(row.title), f"{list_url}/{row.number}{query}"
    attributes = (' aria-current="true"' if is_open else "") + (" data-unread" if row.is_waiting else "")
    company = f'<span class="truncate">· {escape(row.company)}</span>' if row.company else ""
    unread = f'<span class="sr-only">{waiting}: </span>' if row.is_waiting else ""
    tag = f'<span class="tag">{escape(row.category_name)}</span>' if row.category_name else ""
    note = ""
    if row.last_comment:
        text = escape(row.last_comment)
        note = f'<span class="row-note">{parts.icon("lock")}<span class="truncate">{text}</span></span>'
    return (
        f'<li class="row" id="row-{row.number}"{attributes}>'
        f'<input type="checkbox" class="check" name="sel" value="{row.number}" form="bulk" aria-label="{select}: {title}">'
        f'{parts.stage(row)}<div class="min-w-0"><div class="row-top">{parts.channel(row)}'
        f"<b>{escape(row.requester)}</b>{company}</div>"
        f'<a class="row-subj" href="{url}" hx-get="{url}"{lang_attribute(row.title)}>{unread}{title}</a>'
        f'<div class="row-meta">{parts.priority(row)}{parts.due(row)}{tag}{note}</div></div>'
        f'<div class="row-end">{parts.changed(row)}{parts.assignee(row)}</div></li>\n'
    )


def board_cards(rows: Iterable[Row], *, list_url: str, query: str, may_move: bool) -> Markup:
    """The cards of one column."""
    parts, words, address = Parts(), (escape(_("movable card")), escape(_("Move to"))), escape(query)
    written = "".join(_card(row, parts, list_url, address, may_move, words) for row in rows)
    return Markup(written)  # noqa: S704 - made of escaped pieces above


def _card(row: Row, parts: Parts, list_url: str, query: str, may_move: bool, words: tuple[str, str]) -> str:
    title, number = escape(row.title), row.number
    tag = f'<span class="tag truncate">{escape(row.category_name)}</span>' if row.category_name else ""
    move = ""
    if may_move:
        move = (
            f'<button type="button" class="btn btn-ghost btn-icon btn-sm ml-auto" data-move-menu title="{words[1]}" '
            f'aria-label="{words[1]}: {title}" aria-haspopup="true" tabindex="-1">{parts.icon("ellipsis")}</button>'
        )
    return (
        f'<li class="kcard" id="card-{number}" data-no="{number}" data-label="{title}" data-version="{row.stage_id}" '
        f'tabindex="-1" aria-roledescription="{words[0]}" aria-describedby="kb-help" aria-label="{title}">'
        f'<div class="kcard-top"><span class="num">{row.shown_number}</span>{parts.channel(row)}'
        f'<span class="truncate">{escape(row.company or row.requester)}</span>'
        f'<span class="ml-auto">{parts.assignee(row)}</span></div>'
        f'<h3{lang_attribute(row.title)}><a href="{list_url}/{number}{query}" tabindex="-1">{title}</a></h3>'
        f'<div class="kmeta">{parts.priority(row)}{parts.due(row)}{tag}{move}</div></li>\n'
    )
