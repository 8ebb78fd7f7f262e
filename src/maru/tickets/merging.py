"""Merge codes such as ``#{ticket.number}``: what they are called, what they stand for, how a text is filled in.

Answer templates use them today; whatever else writes prepared texts takes them from here.
"""

from __future__ import annotations

import html as html_lib
import re
from collections.abc import Mapping

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from maru.core.actors import Actor
from maru.core.html import strip_controls
from maru.core.ids import show_ticket_number
from maru.organizations.models import Organization
from maru.tickets.models import Ticket

#: Code and meaning, in the order in which they are offered.
CODES: Mapping[str, str] = {
    "ticket.number": gettext_noop("Ticket number"),
    "ticket.title": gettext_noop("Title of the ticket"),
    "customer.name": gettext_noop("Customer's name"),
    "agent.name": gettext_noop("Name of the agent who writes"),
    "organization.name": gettext_noop("Name of the organization"),
}
_CODE = re.compile(r"#\{\s*([a-z]+\.[a-z]+)\s*\}")


def offered() -> list[tuple[str, str]]:
    """Each code as it is written, and what it stands for in the viewer's words."""
    return [(f"#{{{code}}}", _(meaning)) for code, meaning in CODES.items()]


def values_for(actor: Actor, ticket: Ticket | None = None, *, customer: str = "", title: str = "") -> dict[str, str]:
    """What the codes stand for when ``actor`` writes on ``ticket``.

    Without a ticket ``customer`` and ``title`` say what is known; a code that stands for nothing yet is left out. A
    customer without a name is called so in the ticket's language.
    """
    organization = Organization.objects.get(id=actor.organization_id)
    values = {"agent.name": actor.name, "organization.name": organization.name}
    if ticket is not None:
        customer, title = ticket.requester_name, ticket.title
        values["ticket.number"] = show_ticket_number(ticket.number)
        with translation.override(ticket.language or organization.language):
            values["customer.name"] = customer or _("customer")
        values["ticket.title"] = title
    else:
        values |= {code: given for code, given in (("customer.name", customer), ("ticket.title", title)) if given}
    return values


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its codes filled in; codes nobody knows stay as they are, so that they are seen."""
    return _CODE.sub(lambda match: strip_controls(values.get(match[1], match[0])), text)


def fill_html(html: str, values: Mapping[str, str]) -> str:
    """The same for sanitised HTML: values come in as text, whatever they hold."""
    return fill_text(html, {code: html_lib.escape(value) for code, value in values.items()})
