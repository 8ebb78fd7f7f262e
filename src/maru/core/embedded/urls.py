"""Addresses of the database: one for the role that owns the tables, one for the role the application works as."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from maru.core.embedded.server import APP_ROLE, OWNER_ROLE, EmbeddedPostgres
from maru.core.environment import Environment

LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """``app`` is subject to row-level security; ``owner`` runs migrations. Both hold passwords: never print them."""

    app: str
    owner: str


def database_urls(environment: Environment) -> DatabaseUrls:
    """The two addresses; reads files only, connects nowhere and creates nothing but the secret key.

    Before the embedded database was started for the first time its passwords are not known yet; then the addresses
    are complete but for them, so that settings can be loaded.
    """
    if environment.database_url is None:
        server = EmbeddedPostgres(environment.data)
        return DatabaseUrls(app=server.url(APP_ROLE), owner=server.url(OWNER_ROLE))
    owner = environment.database_url
    app = environment.app_database_url or external_app_url(owner, environment.secret_key)
    return DatabaseUrls(app=app, owner=owner)


def external_app_url(owner_url: str, secret_key: str) -> str:
    """The address of the application role ``<database>_app`` in a PostgreSQL of one's own.

    Its password hangs on the secret key, so that all machines of one installation know it without telling each other.
    """
    parts = urlsplit(owner_url)
    role = app_role_name(database_name(owner_url))
    digest = hmac.new(secret_key.encode(), b"maru.database-role:" + role.encode(), hashlib.sha256).digest()
    password = base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
    address = parts.netloc.rpartition("@")[2]
    options = [(key, value) for key, value in parse_qsl(parts.query) if key not in {"user", "password"}]
    netloc = f"{quote(role, safe='')}:{password}@{address}"
    return urlunsplit((parts.scheme, netloc, parts.path, urlencode(options, quote_via=quote), ""))


def app_role_name(database: str) -> str:
    """Name of the application role of a database; PostgreSQL cuts names at 63 bytes."""
    suffix = "_app"
    room = LONGEST_NAME - len(suffix)
    encoded = database.encode()
    return (encoded[:room].decode("utf-8", "ignore") if len(encoded) > room else database) + suffix


def database_name(url: str) -> str:
    """Name of the database an address leads to."""
    return unquote(urlsplit(url).path.lstrip("/"))


def django_database(url: str) -> dict[str, Any]:
    """A ``postgresql://`` address as an entry of Django's ``DATABASES``.

    Options of the address (``sslmode`` …) go to ``OPTIONS``; a socket folder stands in the query as ``host``.
    """
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    named = {key: options.pop(key, "") for key in ("user", "password", "host", "port")}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name(url),
        "USER": unquote(parts.username or "") or named["user"],
        "PASSWORD": unquote(parts.password or "") or named["password"],
        "HOST": unquote(parts.hostname or "") or named["host"],
        "PORT": str(parts.port or named["port"]),
        "OPTIONS": options,
    }
