"""Correcting the requester's customer from a ticket, so that everybody at the ticket sees it."""

from collections.abc import Callable

from maru.core.actors import Actor
from maru.core.commands import command
from maru.core.errors import NotFound
from maru.core.events import publish
from maru.customers import commands as customers
from maru.tickets.commands.common import ticket_to_change
from maru.tickets.events import CustomerCorrected


def _on_ticket(actor: Actor, ticket_id: int, change: Callable[[int], list[str]]) -> None:
    ticket = ticket_to_change(actor, ticket_id)
    if ticket.customer_id is None:
        raise NotFound()
    changed = change(ticket.customer_id)
    if changed:
        publish(actor, CustomerCorrected(ticket.id, ticket.number, changed))


@command
def correct_customer(actor: Actor, *, ticket_id: int, name: str, company: str, language: str) -> None:
    """:func:`maru.customers.commands.correct_customer` for the customer of a ticket."""

    def correct(customer_id: int) -> list[str]:
        return customers.correct_customer(actor, customer_id=customer_id, name=name, company=company, language=language)

    _on_ticket(actor, ticket_id, correct)


@command
def add_identity(actor: Actor, *, ticket_id: int, kind: str, value: str) -> None:
    """:func:`maru.customers.commands.add_identity` for the customer of a ticket."""

    def add(customer_id: int) -> list[str]:
        return [customers.add_identity(actor, customer_id=customer_id, kind=kind, value=value).kind]

    _on_ticket(actor, ticket_id, add)


@command
def remove_identity(actor: Actor, *, ticket_id: int, identity_id: int) -> None:
    """:func:`maru.customers.commands.remove_identity` for the customer of a ticket."""

    def remove(customer_id: int) -> list[str]:
        return [customers.remove_identity(actor, customer_id=customer_id, identity_id=identity_id).kind]

    _on_ticket(actor, ticket_id, remove)
