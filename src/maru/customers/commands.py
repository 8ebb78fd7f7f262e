"""Writes to customers."""

import secrets

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection
from django.utils.translation import gettext as _

from maru.accounts.models import LANGUAGES
from maru.core.actors import Actor, Permission
from maru.core.audit import record
from maru.core.commands import command
from maru.core.errors import Invalid, NotFound
from maru.core.html import one_line
from maru.customers.models import Customer, Identity
from maru.customers.phones import fold_phone

_NUMBER_LOCK = 7044
_GAP = 30
FIELD_LENGTH = 100
FEWEST_DIGITS, MOST_DIGITS = 7, 15
MOST_IDENTITIES = 50
_INSERT = """
insert into customers_customer (organization_id, number, name, company, language)
select %s, coalesce(max(number), 0) + %s, %s, %s, %s from customers_customer where organization_id = %s
on conflict (organization_id, number) do nothing returning id, number
"""


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


def _customer(actor: Actor, customer_id: int) -> Customer:
    actor.require(Permission.TICKET_HANDLE)
    customer = Customer.objects.filter(id=customer_id).select_for_update(no_key=True).first()
    if customer is None:
        raise NotFound()
    return customer


@command
def correct_customer(actor: Actor, *, customer_id: int, name: str, company: str, language: str) -> list[str]:
    """Set name, company and language (empty: not known) of a customer; returns the names of what has changed.

    What was given with a ticket stays as it was given. Raises Invalid, NotFound, Forbidden.
    """
    customer = _customer(actor, customer_id)
    wanted = {"name": one_line(name, FIELD_LENGTH + 1), "company": one_line(company, FIELD_LENGTH + 1)}
    errors = {
        field: _("At most %(n)s characters.") % {"n": FIELD_LENGTH}
        for field, value in wanted.items()
        if len(value) > FIELD_LENGTH
    }
    if language and language not in dict(LANGUAGES):
        errors["language"] = _("Choose one of the languages.")
    if errors:
        raise Invalid(errors)
    wanted["language"] = language
    changed = {field: value for field, value in wanted.items() if getattr(customer, field) != value}
    if changed:
        before = {field: getattr(customer, field) for field in changed}
        for field, value in changed.items():
            setattr(customer, field, value)
        customer.save(update_fields=list(changed))
        record(actor, "customer.corrected", object_type="customer", object_id=customer.id, before=before, after=changed)
    return list(changed)


@command
def add_identity(actor: Actor, *, customer_id: int, kind: str, value: str) -> Identity:
    """Let a customer be known by one more mail address or phone number (``kind``: ``email``, ``phone``).

    :raises Invalid: with ``value`` as field: not an address or number, here already, or another customer's.
    :raises NotFound, Forbidden:
    """
    customer = _customer(actor, customer_id)
    shown = one_line(value, 255).strip()
    folded = _checked(kind, shown)
    if Identity.objects.filter(customer=customer).count() >= MOST_IDENTITIES:
        raise Invalid({"value": _("At most %(n)s addresses and numbers.") % {"n": MOST_IDENTITIES}})
    if Identity.objects.filter(customer=customer, kind=kind, value=folded).exists():
        raise Invalid({"value": _("This is already there.")})
    fresh = Identity(
        organization_id=actor.organization_id, customer=customer, kind=kind, value=folded, shown=shown[:254]
    )
    # Two people may add the same one to two customers: the database lets one of them win.
    Identity.objects.bulk_create([fresh], ignore_conflicts=True)
    identity = Identity.objects.get(kind=kind, value=folded)
    if identity.customer_id != customer.id:
        owner = Customer.objects.get(id=identity.customer_id)
        known_as = owner.name or owner.company or _("no name")
        raise Invalid(
            {
                "value": _("%(value)s belongs to another customer: no. %(number)s, %(name)s.")
                % {"value": shown, "number": owner.number, "name": known_as}
            }
        )
    record(actor, "customer.identity_added", object_type="customer", object_id=customer.id, kind=kind, value=folded)
    return identity


def _checked(kind: str, shown: str) -> str:
    if kind == Identity.Kind.EMAIL:
        try:
            validate_email(shown)
        except ValidationError:
            raise Invalid({"value": _("Please enter a mail address such as name@example.com.")}) from None
        return shown.casefold()[:254]
    digits = fold_phone(shown)
    if kind != Identity.Kind.PHONE or not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
        raise Invalid({"value": _("Please enter a phone number such as 010-1234-5678.")})
    return digits


@command
def remove_identity(actor: Actor, *, customer_id: int, identity_id: int) -> Identity:
    """Let a customer be known by a mail address or phone number no longer; his tickets stay as they are.

    :raises NotFound: he has no such address or number. :raises Forbidden:
    """
    customer = _customer(actor, customer_id)
    kinds = (Identity.Kind.EMAIL, Identity.Kind.PHONE)
    identity = Identity.objects.filter(id=identity_id, customer=customer, kind__in=kinds).first()
    if identity is None:
        raise NotFound()
    Identity.objects.filter(id=identity_id).delete()
    record(
        actor,
        "customer.identity_removed",
        object_type="customer",
        object_id=customer.id,
        kind=identity.kind,
        value=identity.value,
    )
    return identity
