"""What the composer sends, made ready for commands: text, mentions, pictures inside the text, files."""

from __future__ import annotations

import html as html_lib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest
from django.utils.translation import gettext as _

from maru.core.actors import Actor
from maru.core.errors import Invalid
from maru.core.files import file_rules, store_file
from maru.core.models import StoredFile
from maru.core.numbers import whole
from maru.organizations.models import Service
from maru.tickets.queries.conversation import mentionable
from maru.tickets.values import Copy, content_id_of

_TAG_MENTION = re.compile(r"<span\b[^>]*\bdata-type=\"mention\"[^>]*>")
_ID = re.compile(r"\bdata-id=\"(\d{1,18})\"")
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_SOURCE = re.compile(r"\bsrc=\"([^\"]*)\"")
_TOKEN = re.compile(r"/files/([A-Za-z0-9_-]{20,43})/")
_ADDRESS = re.compile(r"^\s*(?:\"?(?P<name>[^<\"]*)\"?\s*<(?P<inside>[^<>\s]+)>|(?P<plain>[^<>\s]+))\s*$")


@dataclass(frozen=True, slots=True)
class Typed:
    """``body`` as it came (to give it back); ``html`` or ``text`` for the command; ids of uploaded pictures."""

    mode: str
    body: str
    format: str
    html: str = ""
    text: str = ""
    mentions: tuple[int, ...] = ()
    picture_ids: tuple[int, ...] = ()
    copies: str = ""
    blind: str = ""
    without: tuple[str, ...] = ()
    action: str = ""
    seen: int | None = None
    anyway: bool = False


def read_typed(actor: Actor, request: HttpRequest) -> Typed:
    """The composer's fields. Pictures pasted into the text are named by Content-ID, as in a mail."""
    given = request.POST
    body, is_html = given.get("body", ""), given.get("format") == "html"
    mode = "note" if given.get("mode") == "note" else "reply"
    html, pictures = _with_content_ids(actor, body) if is_html else ("", [])
    seen = given.get("seen", "")
    return Typed(
        mode=mode,
        body=body,
        format="html" if is_html else "text",
        html=html,
        text="" if is_html else body,
        mentions=tuple(_mentions(actor, body, is_html)) if mode == "note" else (),
        picture_ids=tuple(pictures),
        copies=given.get("copies", "").strip(),
        blind=given.get("blind", "").strip(),
        without=tuple(given.getlist("without")[:50]),
        action=given.get("submit", ""),
        seen=whole(seen),
        anyway=given.get("anyway") == "1",
    )


def _with_content_ids(actor: Actor, html: str) -> tuple[str, list[int]]:
    tokens = {token for tag in _IMAGE.findall(html) for token in _TOKEN.findall(tag)}
    if not tokens:
        return html, []
    mine = StoredFile.objects.filter(token__in=tokens, attached=False, created_by_member_id=actor.member_id)
    known = dict(mine.values_list("token", "id"))
    used: list[int] = []

    def rename(match: re.Match[str]) -> str:
        tag = match[0]
        source = _SOURCE.search(tag)
        token = _TOKEN.search(source[1]) if source else None
        file_id = known.get(token[1]) if token else None
        if source is None or file_id is None:
            return tag
        used.append(file_id)
        return tag.replace(source[0], f'src="cid:{content_id_of(file_id)}"')

    return _IMAGE.sub(rename, html), list(dict.fromkeys(used))


def _mentions(actor: Actor, body: str, is_html: bool) -> list[int]:
    if is_html:
        ids = [_ID.search(tag) for tag in _TAG_MENTION.findall(body)]
        return list(dict.fromkeys(int(found[1]) for found in ids if found))
    if "@" not in body:
        return []
    people = mentionable(actor, "", limit=2000)
    return [member_id for member_id, name, _avatar in people if name and f"@{name}" in body]


def store_files(actor: Actor, request: HttpRequest, service_id: int) -> list[int]:
    """Keep the uploaded files of a form; ids in their order. Raises Invalid with the reason under ``files``."""
    uploads = request.FILES.getlist("files")
    if not uploads:
        return []
    service = Service.objects.filter(id=service_id).first()
    if service is None:
        raise Invalid({"files": _("Files cannot be attached here.")})
    if len(uploads) > service.file_limit:
        raise Invalid({"files": _("At most %(n)s files.") % {"n": service.file_limit}})
    rules = file_rules(service)
    return [
        store_file(actor, name=upload.name or "file", source=cast(BinaryIO, upload), allowed=rules).id
        for upload in uploads
    ]


def read_copies(typed: str, *, is_blind: bool = False) -> list[Copy]:
    """Addresses separated by commas or semicolons, with or without names. Raises Invalid naming the bad one."""
    found: list[Copy] = []
    for part in re.split(r"[,;\n]", typed):
        if not part.strip():
            continue
        match = _ADDRESS.match(part)
        address = (match["inside"] or match["plain"] or "") if match else ""
        try:
            validate_email(address)
        except ValidationError:
            raise Invalid({"copies": _("“%(part)s” is not a mail address.") % {"part": part.strip()[:80]}}) from None
        name = ((match and match["name"]) or "").strip()
        found.append(Copy(address=address, name=name, is_blind=is_blind))
    return found


def highlight(html: str, names: Sequence[str]) -> str:
    """Marks ``@name`` for members who were mentioned; ``html`` is sanitised and stays so."""
    for name in sorted(set(names), key=len, reverse=True):
        written = f"@{html_lib.escape(name, quote=False)}"
        html = html.replace(written, f'<span class="mention">{written}</span>')
    return html
