"""Finding the ticket of a status page, and who asks for it, in one transaction."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.crypto import salted_hmac
from django.utils.translation import get_language

from maru.core.files import FileRules, file_rules
from maru.core.files.kinds import INLINE
from maru.core.ids import show_ticket_number
from maru.core.network import network_of_request
from maru.core.tenancy import tenant
from maru.helpcenter.queries import Reader, category_name, find_ticket, progress_of, reader_for, thread_of
from maru.helpcenter.thresholds import NUMBER_GUESSES, count_wrong_guess, refuse_guessing
from maru.helpcenter.views.common import PublicRequest
from maru.organizations.models import Service
from maru.tickets.models import Status, Ticket


@dataclass(slots=True)
class Found:
    """A ticket and, when a valid link was used, its reader. ``page`` holds what the page shows, if it was asked for."""

    ticket: Ticket
    reader: Reader | None
    rules: FileRules
    page: dict[str, Any] = field(default_factory=dict)


def token_of(request: PublicRequest) -> str:
    """The proof the page was opened with; its forms carry it along."""
    return request.POST.get("k") or request.GET.get("k", "")


def find(request: PublicRequest, typed: str, *, for_page: bool = False) -> Found | None:
    """The ticket with the number somebody typed; a wrong one counts against the visitor's network.

    :raises TooMany: the network has guessed too often.
    """
    network, organization = network_of_request(request), request.organization
    refuse_guessing("number", network, NUMBER_GUESSES)
    with tenant(organization.id):
        ticket = find_ticket(typed)
        if ticket is not None:
            reader = reader_for(organization, ticket, token_of(request))
            rules = file_rules(Service.objects.get(id=ticket.service_id))
            found = Found(ticket, reader, rules)
            if for_page:
                found.page = _page_of(request, found)
            return found
    count_wrong_guess("number", network, organization.id, NUMBER_GUESSES)
    return None


def look_again(request: PublicRequest, found: Found) -> None:
    """Read what the page shows once more, after something was tried."""
    with tenant(request.organization.id):
        found.ticket = Ticket.objects.get(id=found.ticket.id)
        found.page = _page_of(request, found)


def _page_of(request: PublicRequest, found: Found) -> dict[str, Any]:
    organization, ticket = request.organization, found.ticket
    entries = thread_of(ticket, found.reader) if found.reader else []
    steps = progress_of(organization, ticket)
    category = category_name(organization, ticket)
    shown = [entry.id for entry in entries]
    return {
        "ticket": ticket,
        "number": show_ticket_number(ticket.number),
        "steps": steps,
        "step": next(step for step in steps if step.state == "now"),
        "is_over": ticket.status >= Status.RESOLVED,
        "category": category,
        "reader": found.reader,
        "entries": entries,
        "inline_types": INLINE,
        "token": token_of(request),
        "tag": _tag_of(steps, category, ticket.last_agent_at, ticket.resolved_at, ticket.title, shown),
    }


def _tag_of(*parts: object) -> str:
    """An ETag of what the changing part shows; keyed, so that it tells nothing of what it was made from."""
    told = "\n".join(map(str, [get_language(), *parts]))
    return f'"{salted_hmac("maru.progress", told, algorithm="sha256").hexdigest()[:32]}"'
