"""Who may listen: the session, the account and the membership behind a stream, read once and checked again."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import parse_cookie
from django.utils.crypto import constant_time_compare

from maru.accounts.activity import LONGEST_SECONDS
from maru.accounts.models import Account, Member
from maru.accounts.roles import permissions_of
from maru.core.actors import Permission
from maru.notifications.live.database import Connection

_MEMBER = (
    "select id, account_id, state, role, is_admin, works_tickets, works_chats, works_phone, may_forward, "
    "may_see_logs, may_export from accounts_member where organization_id = %s and account_id = %s"
)
# Whatever of a session and its account could end a stream, as one fingerprint; no row when one of them is gone, or when
# the desk is locked. Listening is no deed: a stream never keeps a session awake.
_MARKS = """
select k.session, k.account, k.organization,
  concat_ws('|', a.password, o.requires_second_factor, m.mark,
    exists (select from mfa_authenticator f where f.user_id = a.id and f.type in ('totp', 'webauthn')))
from unnest(%(sessions)s::text[], %(accounts)s::bigint[], %(organizations)s::bigint[]) as k(session, account, organization)
join django_session s on s.session_key = k.session and s.expire_date > now()
join accounts_account a on a.id = k.account and a.is_active
join organizations_organization o on o.id = k.organization
join accounts_sessionactivity v on v.session_key = k.session
  and v.seen_at > clock_timestamp() - least(o.idle_minutes, v.idle_minutes) * interval '1 minute'
  and v.proven_at > clock_timestamp() - %(longest)s * interval '1 second'
join notifications_member_marks(%(accounts)s::bigint[], %(organizations)s::bigint[]) m
  on m.account_id = k.account and m.organization_id = k.organization
"""


class Refusal(Enum):
    """Why somebody may not listen. ``SIGNED_OUT`` ends a page's attempts, ``NOT_FOUND`` looks like a missing page."""

    SIGNED_OUT = 1
    NOT_FOUND = 2


@dataclass(frozen=True, slots=True)
class Key:
    """What a stream stands on."""

    session: str
    account_id: int
    organization_id: int


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who may listen. ``mark`` is the fingerprint of his rights when he came."""

    key: Key
    member_id: int
    permissions: frozenset[Permission]
    mark: bytes


def session_key_of(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """The session cookie among the request's headers, empty when there is none."""
    for name, value in headers:
        if name == b"cookie":
            found = parse_cookie(value.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")
            if found:
                return found if found.isascii() and len(found) <= 64 else ""
    return ""


async def authenticate(connection: Connection, session_key: str, slug: str) -> Listener | Refusal:
    """Who listens to the organization ``slug`` with this session; runs inside a transaction.

    The rules are those of ``maru.organizations.desk.desk_view``.
    """
    account = await _account_of(connection, session_key)
    if account is None:
        return Refusal.SIGNED_OUT
    cursor = await connection.execute(
        "select o.id, o.requires_second_factor, exists (select from mfa_authenticator f "
        "where f.user_id = %s and f.type in ('totp', 'webauthn')) from organizations_organization o where o.slug = %s",
        [account, slug],
    )
    organization = await cursor.fetchone()
    if organization is None:
        return Refusal.NOT_FOUND
    key = Key(session_key, account, organization[0])
    # The fingerprint first: what changes between the two reads is noticed by the next check.
    mark = (await marks(connection, [key])).get(key)
    await connection.execute("select set_config('maru.organization_id', %s, true)", [str(key.organization_id)])
    cursor = await connection.execute(
        _MEMBER,
        [key.organization_id, account],
    )
    row = await cursor.fetchone()
    names = [column.name for column in cursor.description or ()]
    member = Member(**dict(zip(names, row, strict=True))) if row else None
    if member is None or member.state in (Member.State.REMOVED, Member.State.REFUSED):
        return Refusal.NOT_FOUND
    if mark is None or member.state != Member.State.ACTIVE or (organization[1] and not organization[2]):
        return Refusal.SIGNED_OUT
    return Listener(key, member.id, permissions_of(member), mark)


async def _account_of(connection: Connection, session_key: str) -> int | None:
    if not session_key:
        return None
    cursor = await connection.execute(
        "select session_data from django_session where session_key = %s and expire_date > now()", [session_key]
    )
    row = await cursor.fetchone()
    session = SessionStore().decode(row[0]) if row else {}
    account_id, proof = str(session.get(SESSION_KEY, "")), str(session.get(HASH_SESSION_KEY, ""))
    if not account_id.isdigit() or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    cursor = await connection.execute(
        "select password from accounts_account where id = %s and is_active", [int(account_id)]
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    account = Account(password=row[0])
    hashes = [account.get_session_auth_hash(), *account.get_session_auth_fallback_hash()]
    return int(account_id) if any(constant_time_compare(proof, known) for known in hashes) else None


async def marks(connection: Connection, keys: Sequence[Key]) -> dict[Key, bytes]:
    """The fingerprints of all these in one query; a key whose session, account or membership is gone is left out."""
    cursor = await connection.execute(
        _MARKS,
        {
            "sessions": [key.session for key in keys],
            "accounts": [key.account_id for key in keys],
            "organizations": [key.organization_id for key in keys],
            "longest": LONGEST_SECONDS,
        },
    )
    rows = await cursor.fetchall()
    return {Key(row[0], row[1], row[2]): hashlib.sha256(row[3].encode()).digest() for row in rows}
