"""Reaching an IMAP server that a tenant has named: checked addresses, clear words for everything that goes wrong."""

import imaplib
import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils.translation import gettext as _
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from maru.core import outbound
from maru.core.encryption import CannotDecrypt, decrypt
from maru.inboxes.models import Mailbox, secret_place

TIMEOUT = 20
TOKEN_URLS = {
    Mailbox.Auth.GOOGLE: "https://oauth2.googleapis.com/token",
    Mailbox.Auth.MICROSOFT: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
}


class ImapError(Exception):
    """The mailbox cannot be read; the text is for the person who set it up."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to sign in; `secret` in the clear."""

    host: str
    port: int
    security: str
    auth: str
    user_name: str
    secret: str
    client_id: str = ""
    client_secret: str = ""
    folder: str = "INBOX"


def access_of(mailbox: Mailbox) -> Access:
    """The mailbox with its secrets opened. Raises ImapError."""
    try:
        return Access(
            mailbox.host,
            mailbox.port,
            mailbox.security,
            mailbox.auth,
            mailbox.user_name,
            decrypt(mailbox.organization_id, secret_place(mailbox.id, "secret"), mailbox.secret),
            mailbox.client_id,
            decrypt(mailbox.organization_id, secret_place(mailbox.id, "client_secret"), mailbox.client_secret),
            mailbox.folder,
        )
    except CannotDecrypt as error:
        raise ImapError(_("The stored password cannot be opened any more. Please enter it again.")) from error


def connect(mailbox: Mailbox) -> IMAPClient:
    """A signed-in connection. Raises ImapError."""
    return connect_with(access_of(mailbox))


def connect_with(access: Access, token_url: str = "") -> IMAPClient:
    """The same from plain settings, for testing them before they are saved. Raises ImapError with clear words."""
    client = _open(access)
    try:
        if access.auth == Mailbox.Auth.PASSWORD:
            client.login(access.user_name, access.secret)
        else:
            client.oauth2_login(access.user_name, access_token(access, token_url))
    except LoginError as error:
        _close(client)
        raise ImapError(_("The server refused the user name or the password.")) from error
    except (IMAPClientError, imaplib.IMAP4.error, OSError) as error:
        _close(client)
        raise ImapError(_("The server refused to sign in: %(answer)s") % {"answer": _words(error)}) from error
    except ImapError:
        _close(client)
        raise
    return client


def test_connection(access: Access) -> str:
    """Tries everything once; returns good news in words. Raises ImapError naming the first thing that is wrong."""
    client = connect_with(access)
    try:
        folder = client.select_folder(access.folder, readonly=True)
        if client.has_capability("IDLE"):
            return _("Connected. The folder holds %(n)s messages; new mail is announced at once.") % {
                "n": folder[b"EXISTS"]
            }
        return _("Connected. The folder holds %(n)s messages; we look for new mail every 30 seconds.") % {
            "n": folder[b"EXISTS"]
        }
    except (IMAPClientError, imaplib.IMAP4.error) as error:
        raise ImapError(_("There is no folder “%(name)s” in this mailbox.") % {"name": access.folder}) from error
    finally:
        _close(client)


test_connection.__test__ = False  # type: ignore[attr-defined]  # not a test, though pytest would think so


def _close(client: IMAPClient) -> None:
    try:
        client.shutdown()
    except (OSError, IMAPClientError, imaplib.IMAP4.error):
        return


def checked_address(host: str, port: int) -> str:
    """The IP address to connect to. Every address of the name must be public, unless the house itself is private.

    The connection goes to this very address, so that a name cannot answer differently the second time.
    """
    try:
        if settings.ENVIRONMENT.loopback:
            return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
        return outbound.public_address(host, port)
    except (OSError, UnicodeError, outbound.OutboundFailed) as error:
        raise ImapError(_("There is no server named “%(host)s”.") % {"host": host}) from error
    except outbound.OutboundRefused as error:
        raise ImapError(_("The server “%(host)s” is not on the public internet.") % {"host": host}) from error


class _PinnedPlain(imaplib.IMAP4):
    """Connects to a checked address instead of asking the name again."""

    def __init__(self, pinned: str, host: str, port: int) -> None:
        self._pinned = pinned
        super().__init__(host, port, timeout=TIMEOUT)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self._pinned, self.port), timeout)


class _PinnedTls(_PinnedPlain):
    """The same inside TLS; the certificate must be for the name."""

    def __init__(self, pinned: str, host: str, port: int, context: ssl.SSLContext) -> None:
        self._context = context
        self._name = host
        super().__init__(pinned, host, port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = super()._create_socket(timeout)
        return self._context.wrap_socket(plain, server_hostname=self._name)


class _Client(IMAPClient):
    """imapclient on a pinned connection."""

    def __init__(self, access: Access, context: ssl.SSLContext) -> None:
        self._pinned = checked_address(access.host, access.port)
        self._context = context
        super().__init__(access.host, access.port, ssl=access.security == Mailbox.Security.TLS, timeout=TIMEOUT)

    def _create_IMAP4(self) -> Any:  # noqa: N802 - the name is imapclient's
        if self.ssl:
            return _PinnedTls(self._pinned, self.host, self.port, self._context)
        return _PinnedPlain(self._pinned, self.host, self.port)


def tls_context() -> ssl.SSLContext:
    """Certificates are checked, always."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _open(access: Access) -> IMAPClient:
    context = tls_context()
    try:
        client = _Client(access, context)
        if access.security == Mailbox.Security.STARTTLS:
            client.starttls(context)
        return client
    except ssl.SSLCertVerificationError as error:
        raise ImapError(
            _("The server's certificate is not valid for “%(host)s”: %(reason)s")
            % {"host": access.host, "reason": error.verify_message}
        ) from error
    except ssl.SSLError as error:
        raise ImapError(_("No encrypted connection could be made. Is the port right?")) from error
    except TimeoutError as error:
        raise ImapError(
            _("The server “%(host)s” does not answer on port %(port)s.") % {"host": access.host, "port": access.port}
        ) from error
    except ConnectionRefusedError as error:
        raise ImapError(
            _("Nothing listens on port %(port)s of “%(host)s”.") % {"host": access.host, "port": access.port}
        ) from error
    except (IMAPClientError, imaplib.IMAP4.error, OSError) as error:
        raise ImapError(
            _("The server cannot be reached, or speaks no IMAP: %(answer)s") % {"answer": _words(error)}
        ) from error


def _words(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return str(text or type(error).__name__)[:200]


_tokens: dict[tuple[str, str, str], tuple[float, str]] = {}
_guard = threading.Lock()


def access_token(access: Access, token_url: str = "") -> str:
    """An OAuth2 access token from the stored refresh token, kept until a minute before it ends. Raises ImapError."""
    key = (access.auth, access.user_name, access.secret)
    with _guard:
        known = _tokens.get(key)
        if known and known[0] > time.monotonic():
            return known[1]
    url = token_url or TOKEN_URLS[Mailbox.Auth(access.auth)]
    data = {
        "grant_type": "refresh_token",
        "refresh_token": access.secret,
        "client_id": access.client_id,
        "client_secret": access.client_secret,
    }
    try:
        answer = outbound.post(url, urlencode(data).encode(), content_type="application/x-www-form-urlencoded")
        body = json.loads(answer.body)
        token, lasts = str(body["access_token"]), float(body.get("expires_in", 3000))
    except (outbound.OutboundError, ValueError, KeyError, TypeError) as error:
        raise ImapError(_("The sign-in has expired. Please connect the mailbox again.")) from error
    with _guard:
        _tokens[key] = (time.monotonic() + max(0.0, lasts - 60), token)
    return token
