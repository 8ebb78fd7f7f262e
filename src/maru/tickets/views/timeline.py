"""The thread of a ticket in display order: days, messages, and what happened in between, in the viewer's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from markupsafe import Markup, escape

from maru.core.html import show, text_to_html, undress, words_for_pictures
from maru.tickets.commands.pictures import MOST, named_pictures
from maru.tickets.models import MessageKind, Priority, Ticket
from maru.tickets.queries.conversation import Conversation, Entry, FileInfo, Happening
from maru.tickets.queries.directory import Directory
from maru.tickets.slots import Delivery, deliveries_of
from maru.tickets.views.bodies import highlight
from maru.tickets.views.scripts import language_of
from maru.ui.atoms import priority_label
from maru.ui.times import day

LONG_LINES = 150
LONG_CHARACTERS = 12_000
#: Seconds: what is not fetched by then can be asked for anew; until then the page looks again after longer and longer.
PATIENCE = 30
_PAUSES = ((4, 1), (12, 2), (PATIENCE, 5))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Pictures that a message names elsewhere: how many there are, how many are being fetched, how many failed.

    ``beyond``: so many are too many and never fetched. ``pause``: seconds until a look at what is being fetched pays.
    """

    count: int
    is_asked: bool = False
    waiting: int = 0
    failed: int = 0
    beyond: int = 0
    pause: int = 1


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing in the thread; ``type`` is ``day``, ``message`` or ``event``."""

    type: str
    at: datetime
    text: Any = ""
    icon: str = ""
    actor: str = ""
    entry: Entry | None = None
    body: Markup = field(default_factory=Markup)
    quoted: Markup = field(default_factory=Markup)
    is_cut: bool = False
    pictures: tuple[FileInfo, ...] = ()
    files: tuple[FileInfo, ...] = ()
    elsewhere: Elsewhere | None = None
    deliveries: tuple[Delivery, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    items: list[Shown] = field(default_factory=list)
    newest_id: int = 0
    newest_event: int = 0
    oldest_id: int = 0
    earlier: bool = False
    last_day: str = ""


def build_thread(
    slug: str, ticket: Ticket, conversation: Conversation, names: Directory, *, shown_day: str = ""
) -> Thread:
    """Messages and events by time with a divider for each new day; ``shown_day`` is the day already on the page."""
    parts: list[tuple[datetime, int, Shown]] = []
    delivered = deliveries_of([entry.id for entry in conversation.entries if entry.kind == MessageKind.REPLY])
    for entry in conversation.entries:
        shown = message(slug, entry, names)
        parts.append((entry.created_at, 1, replace(shown, deliveries=tuple(delivered.get(entry.id, ())))))
    for happening in conversation.happenings:
        line = event_line(happening, names)
        if line is not None:
            parts.append((happening.created_at, 0, line))
    parts.sort(key=itemgetter(0, 1))
    items: list[Shown] = []
    before = shown_day
    for at, _rank, part in parts:
        this = timezone.localtime(at).date().isoformat()
        if this != before:
            items.append(Shown("day", at, text=day(date.fromisoformat(this))))
            before = this
        items.append(part)
    happened = conversation.happenings
    return Thread(
        items,
        newest_id=conversation.newest_id,
        newest_event=happened[-1].id if happened else 0,
        oldest_id=conversation.entries[0].id if conversation.entries else 0,
        earlier=conversation.earlier,
        last_day=before,
    )


def message(slug: str, entry: Entry, names: Directory, *, whole: bool = False) -> Shown:
    """A message made ready: pictures inside its text get our own addresses, very long ones are cut unless ``whole``.

    Pictures from elsewhere are shown when somebody asked for them and we have fetched them; else their words stand.
    """
    html, is_cut = entry.html, False
    if not whole and (len(html) > LONG_CHARACTERS * 2 or entry.text.count("\n") > LONG_LINES):
        html, is_cut = text_to_html(_beginning(entry.text)), True
    if entry.mentions:
        html = highlight(html, [person.name for member_id in entry.mentions if (person := names.person(member_id))])
    inside = {info.content_id: info for info in entry.files if info.content_id}
    used: set[int] = set()

    def picture(content_id: str) -> str | None:
        info = inside.get(content_id)
        if info is None or not info.is_picture:
            return None
        used.add(info.id)
        return file_url(slug, info, inline=True)

    def remote(position: int) -> str | None:
        found = entry.fetched.get(position)
        ready = found is not None and found.state == "ready"
        return reverse("tickets:picture", args=[slug, found.token]) if found and ready else None

    placed = words_for_pictures(show(html, inline=picture, remote=remote), "no-picture")
    body = Markup(undress(placed))  # noqa: S704 — sanitised when stored
    rest = tuple(info for info in entry.files if info.id not in used)
    return Shown(
        "message",
        entry.created_at,
        entry=entry,
        body=body,
        quoted=Markup(text_to_html(entry.quoted)),  # noqa: S704 — text_to_html escapes
        is_cut=is_cut,
        pictures=tuple(info for info in rest if info.is_picture),
        files=tuple(info for info in rest if not info.is_picture),
        elsewhere=_elsewhere(entry),
        language=entry.language or language_of(entry.text),
    )


def _elsewhere(entry: Entry) -> Elsewhere | None:
    count = len(named_pictures(entry.html, entry.remote_images)) if entry.remote_images else 0
    if not count:
        return None
    found = list(entry.fetched.values())
    ready = sum(one.state == "ready" for one in found)
    ages = [one.age for one in found if one.state == "waiting" and one.age < PATIENCE]
    # What is said to have failed is forgotten sooner than what was had, and is missing as before.
    failed = min(count, MOST) - ready - len(ages) if found else 0
    pause = next(pause for until, pause in _PAUSES if max(ages, default=0) < until)
    return Elsewhere(count, bool(found), len(ages), failed, max(0, count - MOST), pause)


def _beginning(text: str) -> str:
    return "\n".join(text[:LONG_CHARACTERS].split("\n")[:LONG_LINES])


def file_url(slug: str, info: FileInfo, *, inline: bool = False) -> str:
    """Address of a file on the desk; ``inline`` for pictures inside a page."""
    address = reverse("tickets:file", args=[slug, info.token, info.name])
    return f"{address}?inline=1" if inline else address


def event_line(happening: Happening, names: Directory, *, all_kinds: bool = False) -> Shown | None:
    """What happened, in words; ``None`` for what the thread shows by itself (unless ``all_kinds``)."""
    made = _LINES.get(happening.kind)
    if made is None and all_kinds:
        made = _ONLY_IN_HISTORY.get(happening.kind)
    if made is None:
        return None
    icon, words = made
    actor = happening.actor_name or "Maru"
    text = words(_Context(happening.data, names, actor))
    return Shown("event", happening.created_at, text=text, icon=icon, actor=actor) if text else None


@dataclass(frozen=True, slots=True)
class _Context:
    data: Mapping[str, Any]
    names: Directory
    actor: str

    def say(self, text: str, **values: Any) -> Markup:
        """``text`` with its values escaped and bold."""
        marked = {name: Markup("<b>%s</b>") % (value or "–") for name, value in values.items()}
        return Markup(escape(text)) % {  # noqa: S704 — just escaped
            "who": Markup("<b>%s</b>") % self.actor,
            **marked,
        }

    def member(self, key: str) -> str:
        person = self.names.person(self.data.get(key))
        return person.name if person else ""

    def members(self, key: str) -> str:
        found = [self.names.person(member_id) for member_id in self.data.get(key, [])]
        return ", ".join(person.name for person in found if person)


def _assigned(c: _Context) -> Markup:
    return c.say(_("%(who)s: assigned %(members)s"), members=c.members("member_ids"))


def _forwarded(c: _Context) -> Markup:
    target = " · ".join(part for part in (c.names.group_name(c.data.get("group_id")), c.member("member_id")) if part)
    return c.say(_("%(who)s: forwarded to %(target)s"), target=target)


def _stage(c: _Context) -> Markup:
    before, after = c.names.stage_name(c.data["from_stage_id"]), c.names.stage_name(c.data["to_stage_id"])
    if before == after:
        return Markup("")
    return c.say(_("%(who)s: stage %(before)s → %(after)s"), before=before, after=after)


def _priority(c: _Context) -> Markup:
    before, after = (priority_label(Priority(c.data[key]).name.lower()) for key in ("before", "after"))
    return c.say(_("%(who)s: priority %(before)s → %(after)s"), before=before, after=after)


def _closed(c: _Context) -> Markup:
    if c.data.get("reason") == "silence":
        return c.say(_("Closed by itself: the customer has not written since it was resolved"))
    return c.say(_("%(who)s: closed the ticket"))


def _reopened(c: _Context) -> Markup:
    if c.data.get("is_escalated"):
        return c.say(_("Reopened by the customer's reply, and escalated"))
    return c.say(_("Reopened by the customer's reply"))


def _spam(c: _Context) -> Markup:
    return c.say(_("%(who)s: marked as spam") if c.data.get("is_spam") else _("%(who)s: took out of the spam box"))


def _named(c: _Context) -> Markup:
    count = c.data["count"]
    words = ngettext(
        "%(who)s: named %(num)s more person in the mail, who waits for review",
        "%(who)s: named %(num)s more people in the mail, who wait for review",
        count,
    )
    return c.say(words, num=count)


_Words = Callable[[_Context], Markup]

_LINES: Mapping[str, tuple[str, _Words]] = {
    "ticket.taken": ("user-round-check", lambda c: c.say(_("%(who)s: took the ticket"))),
    "ticket.assigned": ("user-plus", _assigned),
    "ticket.unassigned": (
        "user-minus",
        lambda c: c.say(_("%(who)s: took %(member)s off the ticket"), member=c.member("member_id")),
    ),
    "ticket.forwarded": ("arrow-right-left", _forwarded),
    "ticket.stage_changed": ("circle-arrow-right", _stage),
    "ticket.priority_changed": ("flag", _priority),
    "ticket.category_changed": (
        "folder",
        lambda c: c.say(_("%(who)s: category %(before)s → %(after)s"), before=c.data["before"], after=c.data["after"]),
    ),
    "ticket.handling_category_changed": (
        "list-checks",
        lambda c: c.say(
            _("%(who)s: handling category %(before)s → %(after)s"), before=c.data["before"], after=c.data["after"]
        ),
    ),
    "ticket.requester_changed": ("user-round-pen", lambda c: c.say(_("%(who)s: changed the requester"))),
    "ticket.renamed": (
        "pencil",
        lambda c: c.say(_("%(who)s: changed the title to “%(after)s”"), after=c.data["after"]),
    ),
    "ticket.spam": ("ban", _spam),
    "ticket.reopened": ("rotate-ccw", _reopened),
    "ticket.closed": ("circle-slash", _closed),
    "ticket.held_accepted": ("circle-check", lambda c: c.say(_("%(who)s: accepted a held message"))),
    "ticket.held_dismissed": ("circle-slash", lambda c: c.say(_("%(who)s: kept a held message as a note"))),
    "ticket.participants": ("users-round", lambda c: c.say(_("%(who)s: changed who gets the answers"))),
    "ticket.participants_named": ("mail-question-mark", _named),
}
_ONLY_IN_HISTORY: Mapping[str, tuple[str, _Words]] = {
    "ticket.opened": ("ticket", lambda c: c.say(_("%(who)s: opened the ticket"))),
    "ticket.customer_message": ("message-square", lambda c: c.say(_("%(who)s: wrote a message"))),
    "ticket.message_held": ("mail-question-mark", lambda c: c.say(_("A message from somebody unknown was held"))),
    "ticket.replied": ("reply", lambda c: c.say(_("%(who)s: sent a reply"))),
    "ticket.commented": ("lock", lambda c: c.say(_("%(who)s: left a note"))),
    "ticket.customer_corrected": (
        "user-round-pen",
        lambda c: c.say(_("%(who)s: corrected the customer's data")),
    ),
    "ticket.shared_note": ("sticky-note", lambda c: c.say(_("%(who)s: changed the shared note"))),
}
