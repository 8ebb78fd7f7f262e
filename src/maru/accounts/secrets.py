"""Secrets of second factors are not stored in the clear."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def _cipher() -> Fernet:
    key = HKDF(SHA256(), 32, None, b"maru.accounts.second-factor").derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(key))


def seal(text: str) -> str:
    """``text`` encrypted with a key that hangs on the house's secret key."""
    return _cipher().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed. Raises ValueError when the secret key has changed since."""
    try:
        return _cipher().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise ValueError("sealed with another secret key") from error
