"""Reads of customers."""

from dataclasses import dataclass

from maru.core.actors import Actor, Permission
from maru.core.errors import NotFound
from maru.customers.models import Customer, Identity
from maru.customers.phones import fold_phone


@dataclass(frozen=True, slots=True)
class Card:
    """A customer and everything he is known by: mail addresses first, then phones, then keys."""

    customer: Customer
    identities: list[Identity]

    def of_kind(self, kind: str) -> list[Identity]:
        return [identity for identity in self.identities if identity.kind == kind]


def get_card(actor: Actor, customer_id: int) -> Card:
    """A customer of the actor's organization. Raises NotFound, Forbidden."""
    actor.require(Permission.TICKET_VIEW)
    customer = Customer.objects.filter(id=customer_id).first()
    if customer is None:
        raise NotFound()
    return Card(customer, list(Identity.objects.filter(customer=customer).order_by("kind", "id")))


def known_by(actor: Actor, *, email: str = "", phone: str = "") -> tuple[int | None, int | None]:
    """Ids of the customers known by just this mail address and by just this phone number; ``None`` where nobody is."""
    actor.require(Permission.TICKET_VIEW)
    wanted = ((Identity.Kind.EMAIL, email.strip().casefold()), (Identity.Kind.PHONE, fold_phone(phone)))
    found = [
        Identity.objects.filter(kind=kind, value=value[:254]).values_list("customer_id", flat=True).first()
        if value
        else None
        for kind, value in wanted
    ]
    return found[0], found[1]
