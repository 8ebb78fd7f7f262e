"""Telling people from robots on forms that anybody may send: a hidden field, time, and work when it gets hot.

All thresholds stand here. Limits by network come first, so that one network cannot make the forms harder for others
for long; the work (altcha, our own server, no third party) is asked only from where it is hot.
"""

import base64
import binascii
import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha.v1 as altcha
from django.conf import settings
from django.core import signing
from django.http import HttpRequest

from maru.core.limits import first_in, peek_all

HONEYPOT = "website"
LEAST_SECONDS = 0.5
STAMP_DAYS = 3
CHALLENGE_SECONDS = 1200
# Attempts within HEAT_SECONDS from which on a form asks for work: from one network, or in one organization.
HEAT_SECONDS = 600
HOT_NETWORK = 60
HOT_ORGANIZATION = 400
# Guesses of numbers SHA-256 a browser makes on average: about 0.3 s on a telephone, ten times that when very hot.
WORK, HARD_WORK = 60_000, 600_000
_SALT = "maru.form"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a form was handed out, and the number that makes sending it twice one thing."""

    nonce: str
    age: float


def new_stamp(purpose: str) -> str:
    """A signed field for a form: the moment and a fresh nonce. ``purpose`` ties it to one kind of form of one owner."""
    return signing.TimestampSigner(salt=f"{_SALT}.{purpose}").sign(f"{secrets.token_urlsafe(16)}.{time.time():.2f}")


def read_stamp(value: str, purpose: str) -> Stamp | None:
    """The stamp of a form that came back; ``None`` when it is forged, of another form, or older than three days."""
    try:
        text = signing.TimestampSigner(salt=f"{_SALT}.{purpose}").unsign(value, max_age=timedelta(days=STAMP_DAYS))
        nonce, _dot, moment = text.partition(".")
        return Stamp(nonce, max(0.0, time.time() - float(moment)))
    except (signing.BadSignature, ValueError):
        return None


def heat_of(network: str, organization_id: int) -> int:
    """0 calm, 1 work is asked, 2 hard work is asked; counted by :func:`heat_keys`."""
    by_network, by_organization = peek_all(heat_keys(network, organization_id), HEAT_SECONDS)
    share = max(by_network / HOT_NETWORK, by_organization / HOT_ORGANIZATION)
    return 2 if share >= 3 else 1 if share >= 1 else 0


def heat_keys(network: str, organization_id: int) -> tuple[str, str]:
    """The counters that make a form hot; count each attempt and each wrong guess under both (:func:`limits.note`)."""
    return f"heat:net:{network}", f"heat:org:{organization_id}"


def new_challenge(heat: int) -> dict[str, Any]:
    """A fresh altcha challenge (version 1: algorithm, challenge, maxNumber, salt, signature) for the browser."""
    options = altcha.ChallengeOptions(
        algorithm="SHA-256",
        max_number=2 * (HARD_WORK if heat > 1 else WORK),
        hmac_key=_key(),
        expires=datetime.now(UTC) + timedelta(seconds=CHALLENGE_SECONDS),
    )
    return dict(altcha.create_challenge(options).to_dict())


def is_solved(payload: str) -> bool:
    """Whether ``payload`` (base64 of JSON, as altcha widgets send it) solves a challenge of ours, for the first time."""
    if not payload or len(payload) > 4000:
        return False
    try:
        data = json.loads(base64.b64decode(payload, validate=True))
        solved, _error = altcha.verify_solution(data, _key(), check_expires=True)
        salt = data["salt"]
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return False
    if not solved or not isinstance(salt, str):
        return False
    return first_in(f"pow:{salt.split('?')[0][:64]}", CHALLENGE_SECONDS * 2)


def comes_from_us(request: HttpRequest) -> bool:
    """Whether a form was sent from a page of ours, by what the browser itself says.

    Stands in for a form token on pages without a session: a token's cookie would be changed by signing in at the desk
    in another tab and break a form that lies open. Programs send neither header; nobody else's rights travel with them.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    return origin in (f"{request.scheme}://{request.get_host()}", settings.ENVIRONMENT.public_url)


def _key() -> str:
    return f"altcha:{settings.SECRET_KEY}"
