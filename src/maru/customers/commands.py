"""Writes to customers."""

import re
import secrets

from django.db import connection

from maru.core.actors import Actor
from maru.core.commands import command
from maru.customers.models import Customer, Identity

_NUMBER_LOCK = 7044
_GAP = 30
_INSERT = """
insert into customers_customer (organization_id, number, name, company, language)
select %s, coalesce(max(number), 0) + %s, %s, %s, %s from customers_customer where organization_id = %s
on conflict (organization_id, number) do nothing returning id, number
"""


def fold_phone(phone: str) -> str:
    """Digits of a phone number with the Korean, Japanese or other country prefix taken back to a leading zero."""
    digits = re.sub(r"\D", "", phone)
    if phone.strip().startswith("+") or digits.startswith(("8210", "8190", "8180", "8170")):
        for prefix in ("82", "81"):
            if digits.startswith(prefix) and len(digits) > 9:
                return "0" + digits[2:].lstrip("0")
    return digits


@command
def find_or_create_customer(
    actor: Actor, *, name: str = "", email: str = "", phone: str = "", company: str = "", language: str = ""
) -> Customer | None:
    """The customer known by this mail address, else a new one; for staff, who have heard him, by his phone number too.

    Whoever fills in a form may give anybody's phone number, so that alone joins nothing (CUS-01). A new address of a
    known customer is remembered; what is known is never overwritten. ``None`` when nothing at all was given.
    """
    email, digits = email.strip().casefold()[:254], fold_phone(phone)[:254]
    if not (name or email or digits):
        return None
    keys = [(Identity.Kind.EMAIL, email, email), (Identity.Kind.PHONE, digits, phone.strip()[:254])]
    keys = [key for key in keys if key[1]]
    known = {
        identity.kind: identity
        for identity in Identity.objects.filter(kind__in=[k for k, _v, _s in keys], value__in=[v for _k, v, _s in keys])
        if (identity.kind, identity.value) in {(k.value, v) for k, v, _s in keys}
    }
    found = known.get(Identity.Kind.EMAIL) or (known.get(Identity.Kind.PHONE) if actor.is_staff else None)
    customer = found.customer if found else _new_customer(actor, name, company, language)
    _fill_in(customer, name, company, language)
    fresh = [
        Identity(organization_id=actor.organization_id, customer=customer, kind=kind, value=value, shown=shown)
        for kind, value, shown in keys
        if kind not in known
    ]
    if fresh:
        # Two first requests of one person at once: the second keeps its own customer without the address.
        Identity.objects.bulk_create(fresh, ignore_conflicts=True)
    return customer


def _new_customer(actor: Actor, name: str, company: str, language: str) -> Customer:
    """Numbers go up one by one; several new customers of one organization at the same moment leave gaps.

    Waiting for each other until the end of their transactions would let only one ticket a time come in.
    """
    customer = Customer(name=name[:100], company=company[:100], language=language[:2])
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", [_NUMBER_LOCK, actor.organization_id % 2**31])
        alone = cursor.fetchone()[0]
        while customer.pk is None:
            step = 1 if alone else 2 + secrets.randbelow(_GAP)
            cursor.execute(
                _INSERT,
                [
                    actor.organization_id,
                    step,
                    customer.name,
                    customer.company,
                    customer.language,
                    actor.organization_id,
                ],
            )
            row = cursor.fetchone()
            if row is not None:
                customer.id, customer.number = row
            alone = False
    customer.organization_id = actor.organization_id
    customer._state.adding = False
    customer._state.db = connection.alias
    return customer


def _fill_in(customer: Customer, name: str, company: str, language: str) -> None:
    changed = []
    for field, value, limit in (("name", name, 100), ("company", company, 100), ("language", language, 2)):
        if value and not getattr(customer, field):
            setattr(customer, field, value[:limit])
            changed.append(field)
    if changed:
        customer.save(update_fields=changed)
