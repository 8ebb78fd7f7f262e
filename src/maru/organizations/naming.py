"""What organizations and their addresses may be called."""

import re
import unicodedata

from django.urls import get_resolver
from django.urls.resolvers import RegexPattern, URLPattern, URLResolver
from django.utils.translation import gettext as _

from maru.core.errors import Invalid
from maru.core.html import one_line

NAME_LENGTH = 100
SLUG_LENGTH = 40
SLUG_SHORTEST = 2
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-))*[a-z0-9]")
# Words that look like the house itself, besides every first part of an address in use.
_WORDS = """
    about abuse account accounts admin administrator api app assets auth billing blog board cdn console contact cookies
    dashboard demo desk dev docs download faq favicon files forgot-password ftp guide health healthz help hostmaster
    imap invitation join kit legal live login logout mail maru media messages metrics mx news ns1 ns2 null oauth
    passkey password pop pop3 postbox postmaster press pricing privacy readyz register reset-password robots root
    security settings sign-in sign-out sign-up signin signup sitemap smtp sso staging start static status support
    system team terms test tickets undefined webhook webhooks webmaster welcome widget www
"""
RESERVED = frozenset(_WORDS.split())


def name_key(name: str) -> str:
    """The form under which names are compared: two names that look alike to a reader are one."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def clean_company_name(name: str) -> str:
    """A company name as stored. Raises Invalid with field ``name``."""
    cleaned = one_line(unicodedata.normalize("NFC", name), NAME_LENGTH + 1)
    if not cleaned:
        raise Invalid({"company": _("Enter the name of the company.")})
    if len(cleaned) > NAME_LENGTH or len(name_key(cleaned)) > NAME_LENGTH:
        raise Invalid({"company": _("At most %(n)s characters.") % {"n": NAME_LENGTH}})
    return cleaned


def clean_homepage(homepage: str) -> str:
    """A homepage as stored: ``https://`` is added when nothing stands before the name. Raises Invalid."""
    cleaned = one_line(homepage, 201)
    if not cleaned:
        return ""
    if "://" not in cleaned:
        cleaned = f"https://{cleaned}"
    if len(cleaned) > 200 or not re.fullmatch(
        r"https?://[^\s/@:?#<>\"']+\.[^\s/@:?#<>\"']+(:\d+)?(/[^\s<>\"']*)?", cleaned
    ):
        raise Invalid({"homepage": _("Enter an address such as www.example.com.")})
    return cleaned


def homepage_key(homepage: str) -> str:
    """The form under which homepages are compared: without protocol, ``www.`` and a closing slash."""
    bare = re.sub(r"^https?://", "", unicodedata.normalize("NFKC", homepage).strip().casefold())
    return bare.removeprefix("www.").rstrip("/")


def reserved_words() -> frozenset[str]:
    """Every word no company may take as its address, read from the addresses of the house itself."""
    return RESERVED | _first_parts(get_resolver().url_patterns)


def _first_parts(patterns: list[URLPattern | URLResolver]) -> frozenset[str]:
    found: set[str] = set()
    for pattern in patterns:
        if isinstance(pattern.pattern, RegexPattern):
            route = str(pattern.pattern).removeprefix("^")
        else:
            route = str(pattern.pattern)
        first = route.split("/", 1)[0]
        if first and re.fullmatch(r"[A-Za-z0-9._-]+", first):
            found.add(first.casefold())
        elif not first and isinstance(pattern, URLResolver):
            found |= _first_parts(pattern.url_patterns)
    return frozenset(found)


def clean_slug(slug: str) -> str:
    """An address as stored: a host name's part, 2 to 40 of a–z, 0–9 and single dashes inside. Raises Invalid."""
    cleaned = unicodedata.normalize("NFKC", slug).strip().casefold()
    if not cleaned:
        raise Invalid({"slug": _("Choose an address.")})
    if not SLUG_SHORTEST <= len(cleaned) <= SLUG_LENGTH:
        raise Invalid({"slug": _("An address has 2 to 40 characters.")})
    if not _SLUG.fullmatch(cleaned):
        raise Invalid({"slug": _("Only a–z, 0–9 and single dashes between them.")})
    if cleaned in reserved_words():
        raise Invalid({"slug": _("This word is reserved. Choose another address.")})
    return cleaned


def suggest_slug(name: str) -> str:
    """An address made of the Latin part of a name; empty when there is none."""
    latin = re.sub(r"[^a-z0-9]+", "-", unicodedata.normalize("NFKD", name).casefold()).strip("-")
    return latin[:SLUG_LENGTH].strip("-")
