"""Prepared answers."""

import unicodedata

from django.db import connection
from django.utils.translation import gettext as _

from maru.core.actors import Actor, Permission
from maru.core.audit import record
from maru.core.commands import command
from maru.core.errors import Invalid, NotFound
from maru.core.html import one_line
from maru.tickets.commands.common import clean_body, now
from maru.tickets.models import AnswerTemplate

TITLE_LENGTH = 80
CODE_LENGTH = 30
MOST = 500
_LOCK = 7046


@command
def save_template(
    actor: Actor, *, template_id: int | None = None, title: str, code: str = "", html: str = "", text: str = ""
) -> AnswerTemplate:
    """Write a prepared answer: a new one, or ``template_id`` anew. HTML passes the policy.

    :raises Invalid: with ``title``, ``code`` and ``content`` as fields. :raises NotFound, Forbidden:
    """
    actor.require(Permission.SERVICE_CONFIGURE)
    # One after the other: of two at once with one title, the second is told so beside the field.
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_LOCK, actor.organization_id % 2**31])
    template = AnswerTemplate()
    if template_id is not None:
        template = _template(template_id)
    elif AnswerTemplate.objects.count() >= MOST:
        raise Invalid({"title": _("There may be at most %(n)s templates.") % {"n": MOST}})
    errors: dict[str, str] = {}
    template.title, template.code = one_line(title, TITLE_LENGTH + 1), fold_code(code)
    others = AnswerTemplate.objects.exclude(id=template.id)
    if not template.title:
        errors["title"] = _("Please enter a title.")
    elif len(template.title) > TITLE_LENGTH:
        errors["title"] = _("The title may have at most %(n)s characters.") % {"n": TITLE_LENGTH}
    elif others.filter(title=template.title).exists():
        errors["title"] = _("There is already a template with this title.")
    if len(template.code) > CODE_LENGTH or any(sign.isspace() or sign in "/#<>" for sign in template.code):
        errors["code"] = _("At most %(n)s characters, without spaces and without / # < >.") % {"n": CODE_LENGTH}
    elif template.code and others.filter(code=template.code).exists():
        errors["code"] = _("There is already a template with this search code.")
    try:
        _text, template.html = clean_body(text, html)
    except Invalid as error:
        errors |= error.fields
    if errors:
        raise Invalid(errors)
    template.updated_at = now()
    template.save()
    record(
        actor,
        "template.added" if template_id is None else "template.changed",
        object_type="template",
        object_id=template.id,
        title=template.title,
    )
    return template


@command
def delete_template(actor: Actor, *, template_id: int) -> None:
    """Delete a prepared answer; what was written with it stays. Raises NotFound, Forbidden."""
    actor.require(Permission.SERVICE_CONFIGURE)
    template = _template(template_id)
    template.delete()
    record(actor, "template.deleted", object_type="template", object_id=template_id, title=template.title)


def _template(template_id: int) -> AnswerTemplate:
    template = AnswerTemplate.objects.filter(id=template_id).select_for_update().first()
    if template is None:
        raise NotFound()
    return template


def fold_code(code: str) -> str:
    """A search code as it is kept and compared: one line, NFKC, small letters, without a leading slash."""
    return unicodedata.normalize("NFKC", one_line(code, CODE_LENGTH + 2)).casefold().strip().removeprefix("/")
