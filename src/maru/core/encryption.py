"""Secrets at rest: AES-256-GCM, bound to the organization and the place they stand in.

A value copied into another row or another organization does not open there.
"""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION = b"\x01"
_NONCE = 12


class CannotDecrypt(Exception):
    """The value was not encrypted here, for this place, with a key we have."""


def _keys(organization_id: int) -> list[bytes]:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [
        hashlib.scrypt(str(secret).encode(), salt=f"maru:{organization_id}".encode(), n=2**10, r=8, p=1, dklen=32)
        for secret in secrets
    ]


def encrypt(organization_id: int, place: str, value: str) -> bytes:
    """`value` for the column named by `place` (such as ``inboxes.mailbox.secret:12``); b"" stays empty."""
    if not value:
        return b""
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(_keys(organization_id)[0]).encrypt(nonce, value.encode(), _bound(organization_id, place))
    return _VERSION + nonce + sealed


def decrypt(organization_id: int, place: str, sealed: bytes | memoryview) -> str:
    """The inverse of :func:`encrypt`. Raises CannotDecrypt."""
    data = bytes(sealed)
    if not data:
        return ""
    for key in _keys(organization_id):
        try:
            return (
                AESGCM(key).decrypt(data[1 : 1 + _NONCE], data[1 + _NONCE :], _bound(organization_id, place)).decode()
            )
        except (InvalidTag, ValueError):
            continue
    raise CannotDecrypt(place)


def _bound(organization_id: int, place: str) -> bytes:
    return f"{organization_id}|{place}".encode()
