"""The company-code gate: a signed cookie of one company's pages, no session.

Its path is the company's own, so it never meets the desk's cookies nor another company's.
"""

import hashlib

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from maru.organizations.models import Organization

COOKIE = "maru_code"
OPEN_SECONDS = 30 * 86_400
_SALT = "maru.company-code"


def is_open(request: HttpRequest, organization: Organization) -> bool:
    """Whether this browser has given the company's present code before."""
    try:
        value = signing.TimestampSigner(salt=_SALT).unsign(request.COOKIES.get(COOKIE, ""), max_age=OPEN_SECONDS)
    except signing.BadSignature:
        return False
    return value == _fingerprint(organization)


def open_gate(response: HttpResponse, organization: Organization) -> None:
    """Remember in this browser that the code was right; a new code closes the gate again."""
    response.set_cookie(
        COOKIE,
        signing.TimestampSigner(salt=_SALT).sign(_fingerprint(organization)),
        max_age=OPEN_SECONDS,
        path=f"/{organization.slug}",
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _fingerprint(organization: Organization) -> str:
    digest = hashlib.sha256(f"{organization.id}:{organization.company_code}".encode()).hexdigest()[:20]
    return f"{organization.id}.{digest}"
