"""Prepared answers: finding one by its code or title."""

from maru.core.actors import Actor, Permission
from maru.core.errors import NotFound
from maru.tickets.models import AnswerTemplate
from maru.tickets.queries.finding import fold

LIMIT = 500


def get_template_for(actor: Actor, template_id: int) -> AnswerTemplate:
    """A template of the actor's organization. Raises NotFound, Forbidden."""
    actor.require(Permission.TICKET_HANDLE)
    template = AnswerTemplate.objects.filter(id=template_id).first()
    if template is None:
        raise NotFound()
    return template


def find_templates(actor: Actor, typed: str = "", *, limit: int = LIMIT) -> list[AnswerTemplate]:
    """Those whose code begins with what is typed first, then those whose title or code holds it; without their text."""
    actor.require(Permission.TICKET_HANDLE)
    wanted = fold(typed).strip().removeprefix("/")
    rows = AnswerTemplate.objects.defer("html").order_by("title", "id")[:LIMIT]
    found = [row for row in rows if wanted in row.code or wanted in fold(row.title)]
    return sorted(found, key=lambda row: not (wanted and row.code.startswith(wanted)))[:limit]
