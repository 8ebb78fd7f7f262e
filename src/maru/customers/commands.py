"""Writes to customers."""

import re

from django.db import connection

from maru.core.actors import Actor
from maru.core.commands import command
from maru.customers.models import Customer, Identity

_NUMBER_LOCK = 7044


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
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_NUMBER_LOCK, actor.organization_id % 2**31])
    newest = Customer.objects.order_by("-number").values_list("number", flat=True).first()
    customer = Customer(number=(newest or 0) + 1, name=name[:100], company=company[:100], language=language[:2])
    customer.save()
    return customer


def _fill_in(customer: Customer, name: str, company: str, language: str) -> None:
    changed = []
    for field, value, limit in (("name", name, 100), ("company", company, 100), ("language", language, 2)):
        if value and not getattr(customer, field):
            setattr(customer, field, value[:limit])
            changed.append(field)
    if changed:
        customer.save(update_fields=changed)
