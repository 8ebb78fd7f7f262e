"""The keys behind reply addresses, from the settings; apart from `address`, which knows no settings."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from maru.channels.kinds.mail.address import keys_from


@lru_cache(maxsize=1)
def reply_keys() -> tuple[bytes, ...]:
    """Newest first. Replies to mail sent before a change of secret stay valid through `SECRET_KEY_FALLBACKS`."""
    return tuple(keys_from([str(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]))
