"""What the load needs to know of a filled house, as JSON: ``python -m bench.facts`` with the house's environment."""

import json
import random
from typing import Any

from bench.django_ready import set_up

SESSIONS = 30
SAMPLES = 300
REQUESTS = 2_000
SENTENCES = 8


def main() -> None:
    """Ticket numbers to open, sessions of members, company codes, a key."""
    set_up()
    print(json.dumps(collect()))


def collect() -> dict[str, Any]:
    from django.db import connection

    from maru.accounts.models import Group, Member
    from maru.api.keys import create_from_cli
    from maru.core.tenancy import tenant
    from maru.organizations.models import Organization
    from maru.testing.makers import PASSWORD
    from maru.tickets.models import IntakeCategory, Ticket

    rng = random.Random(1)
    organization = Organization.objects.get(slug="bench0")
    with tenant(organization.id), connection.cursor() as cursor:
        ids = Ticket.objects.order_by("-id").values_list("id", flat=True)
        newest, oldest = ids[0], ids.reverse()[0]
        numbers: list[str] = []
        while len(numbers) < SAMPLES:
            start = rng.randint(oldest, newest)
            # Ten messages each: two ids of theirs tell without counting (messages of a ticket follow each other).
            cursor.execute(
                "select t.number from tickets_ticket t where t.organization_id = %s and t.id >= %s and t.id < %s"
                " and exists (select from tickets_message m where m.organization_id = t.organization_id"
                " and m.ticket_id = t.id and m.id = t.id * 12 + 9) limit 20",
                [organization.id, start, start + 20_000],
            )
            numbers += [row[0] for row in cursor.fetchall()]
        members = list(Member.objects.order_by("id")[:SESSIONS])
        groups = list(Group.objects.values_list("id", flat=True))
        categories = list(IntakeCategory.objects.values_list("id", flat=True))
    return {
        "slug": organization.slug,
        "password": PASSWORD,
        "numbers": numbers[:SAMPLES],
        "groups": groups,
        "categories": categories,
        "members": [member.id for member in members],
        "sessions": [session_of(member.account) for member in members],
        "codes": dict(Organization.objects.values_list("slug", "company_code")),
        "key": create_from_cli(service="bench0/help", name="bench"),
        "requests": [request(random.Random(f"request:{n}")) for n in range(REQUESTS)],
    }


def request(rng: random.Random) -> tuple[str, str]:
    """Title and content of a request, made of the same words as all others."""
    from bench.words import texts

    title, _folded = texts(0).text(rng, "ko", 0)
    content, _folded = texts(0).text(rng, "ko", SENTENCES)
    return title[:120] or "문의드립니다", content.replace(". ", ".\n")


def session_of(account: Any) -> str:
    """The key of a fresh session of somebody signed in."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from maru.accounts import activity

    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.save()
    activity.prove(session.session_key or "")
    return str(session.session_key)


if __name__ == "__main__":
    main()
