"""Puts what some pages need into a running demo house and prints where it is, as JSON. Run in the house's environment."""

import hashlib
import json
import os
import time
from datetime import timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "maru.config.settings")
django.setup()

# The applications must be ready before anything of theirs is imported.
from allauth.mfa.models import Authenticator  # noqa: E402
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes  # noqa: E402
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret  # noqa: E402
from allauth.usersessions.models import UserSession  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402
from fido2.cose import ES256  # noqa: E402
from fido2.utils import websafe_encode  # noqa: E402
from fido2.webauthn import (  # noqa: E402
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from maru.accounts import links  # noqa: E402
from maru.accounts.models import Account, Group, Invitation, Member  # noqa: E402
from maru.accounts.roles import member_actor  # noqa: E402
from maru.channels.models import OutgoingMail, RawMail  # noqa: E402
from maru.core.ids import show_ticket_number  # noqa: E402
from maru.core.tenancy import tenant  # noqa: E402
from maru.inboxes.models import Mailbox  # noqa: E402
from maru.organizations.models import Organization, Service  # noqa: E402
from maru.organizations.queries import hash_token  # noqa: E402
from maru.testing.makers import make_member, make_organization  # noqa: E402
from maru.tickets.commands import comment, mark_spam  # noqa: E402
from maru.tickets.links import sign_link  # noqa: E402
from maru.tickets.models import AnswerTemplate, Status, Ticket  # noqa: E402

MEMBER = {"role": Member.Role.MANAGER, "is_admin": True}


def main() -> None:
    company = Organization.objects.get(slug="ab")
    admin = Account.objects.get(email="admin@ab.example")
    empty = make_organization("empty", "비어 있는 회사")
    founder = make_member(empty, "founder", **MEMBER).account
    careful = make_member(empty, "careful", **MEMBER).account
    waiting = make_member(company, "waiting", email="waiting@else.example", state=Member.State.WAITING).account
    people = {"admin": admin, "founder": founder, "careful": careful, "waiting": waiting}
    facts: dict[str, Any] = {f"session_{name}": _session(account) for name, account in people.items()}
    facts |= {
        # Signing in ends older links, so they are made afterwards.
        "reset": links.reset_link(Account.objects.get(pk=careful.pk)),
        "mail": links.mail_link(founder, "new@empty.example"),
        "invitation": _invitation(company),
        **_inside(company),
        **_factors(careful),
    }
    print(json.dumps(facts))


def _invitation(company: Organization) -> str:
    for token, days in (("page-of-an-invitation", 3), ("page-of-an-old-invitation", -3)):
        Invitation.objects.create(
            organization_id=company.id,
            email=f"{token}@else.example",
            token_hash=hash_token(token),
            invited_by_id=0,
            expires_at=timezone.now() + timedelta(days=days),
        )
    return "page-of-an-invitation"


def _inside(company: Organization) -> dict[str, Any]:
    with tenant(company.id):
        service = Service.objects.get(slug="help")
        admin, agent = Member.objects.order_by("id")[:2]
        mailbox = Mailbox.objects.create(
            service=service, address="old@ab.example", host="mail.invalid", user_name="old@ab.example", is_active=False
        )
        RawMail.objects.create(
            service=service,
            dedupe_key="page",
            raw=b"From: a@b.example\r\n\r\n",
            sha256="0" * 64,
            size=24,
            state=RawMail.State.QUARANTINED,
            reason="too_many_parts: 900",
            subject="열리지 않는 메일",
            sender="a@b.example",
        )
        tickets = {ticket.status: ticket for ticket in Ticket.objects.order_by("id") if ticket.requester_email}
        busy = tickets[Status.OPEN]
        comment(member_actor(agent), ticket_id=busy.id, text="확인 부탁드립니다.", mentions=[admin.id])
        mark_spam(member_actor(admin), ticket_id=tickets[Status.NEW].id, is_spam=True)
        numbers = {
            f"ticket_{Status(status).name.lower()}": show_ticket_number(t.number) for status, t in tickets.items()
        }
        return {
            **numbers,
            "spam": show_ticket_number(tickets[Status.NEW].number),
            "link": sign_link("ab", busy.number, busy.requester_email),
            "member": agent.id,
            "group": Group.objects.order_by("id")[0].id,
            "mailbox": mailbox.id,
            "template": AnswerTemplate.objects.order_by("id")[0].id,
            "letter": OutgoingMail.objects.order_by("id")[0].id,
        }


def _factors(account: Account) -> dict[str, Any]:
    TOTP.activate(account, generate_totp_secret())
    RecoveryCodes.activate(account)
    key = Authenticator.objects.create(
        user=account, type=Authenticator.Type.WEBAUTHN, data={"name": "노트북", "credential": _credential()}
    )
    return {"passkey": key.pk}


def _credential() -> dict[str, Any]:
    """What a device answers when it has made a passkey."""
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    attested = AttestedCredentialData.create(Aaguid(b"\0" * 16), b"page" * 4, public)
    seen = AuthenticatorData.create(hashlib.sha256(b"localhost").digest(), 0x45, 0, attested)
    client = CollectedClientData.create("webauthn.create", b"challenge", "http://localhost")
    response = {
        "clientDataJSON": websafe_encode(client),
        "attestationObject": websafe_encode(AttestationObject.create("none", seen, {})),
    }
    name = websafe_encode(b"page" * 4)
    return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}


def _session(account: Account) -> str:
    """A browser's session in which the person has just given the password."""
    client = Client()
    client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    record = {
        "method": "password",
        "at": time.time(),
        "reauthenticated": True,
        "id": account.pk,
        "email": account.email,
    }
    session["account_authentication_methods"] = [record]
    session["account_authentication_methods_user"] = str(account.pk)
    session.save()
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
    UserSession.objects.create(user=account, ip="127.0.0.1", session_key=session.session_key, user_agent=agent)
    return str(session.session_key)


if __name__ == "__main__":
    main()
