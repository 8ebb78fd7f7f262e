"""Two worlds, committed: ``python -m tests.isolation.populate SLUG SLUG`` prints their ids as JSON."""

import json
import sys

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from maru.accounts import activity  # noqa: E402
from maru.accounts.models import Account  # noqa: E402
from tests.isolation.world import World  # noqa: E402


def session_of(account: Account) -> str:
    """The key of a fresh session of somebody signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.save()
    activity.prove(session.session_key or "")
    return str(session.session_key)


def told(world: World) -> dict[str, object]:
    return {
        "organization": world.organization.id,
        "slug": world.organization.slug,
        "rows": world.rows,
        "session": session_of(world.founder.account),
        "secret": world.secret,
        "number": world.ticket.number,
    }


if __name__ == "__main__":
    print(json.dumps([told(World(slug)) for slug in sys.argv[1:]]))
