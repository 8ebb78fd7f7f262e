"""Authentication-Results (RFC 8601): believed only when our own, configured server wrote them."""

from __future__ import annotations

import re

from maru.channels.kinds.mail.parse import headers
from maru.channels.kinds.mail.parse.structure import Part

_METHOD = re.compile(r"^\s*(dmarc|dkim|spf|arc|auth|iprev)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_DOMAIN = re.compile(
    r"\bheader\.(?:from|d|i)=@?([A-Za-z0-9.-]{1,253})|smtp\.mailfrom=(?:\S+@)?([A-Za-z0-9.-]{1,253})", re.IGNORECASE
)


def results(root: Part, authserv_id: str) -> dict[str, str]:
    """Method → result, and "domain", of the topmost header when it carries `authserv_id`; {} otherwise.

    A mail may bring any number of such headers of its own, even with our name: a server puts its own on top, so
    every one below the first foreign header is ignored.
    """
    if not authserv_id:
        return {}
    found: dict[str, str] = {}
    for name, value in root.headers:
        if name == "received" and found:
            break
        if name != "authentication-results":
            continue
        line = re.sub(r"\([^()]*\)", " ", headers.raw_text(value))[:8000]
        identity, _, rest = line.partition(";")
        if (identity.split() or [""])[0].lower() != authserv_id.lower():
            break
        for statement in rest.split(";"):
            match = _METHOD.match(statement)
            if match and match[1].lower() not in found:
                found[match[1].lower()] = match[2].lower()
                domain = _DOMAIN.search(statement)
                if domain and match[1].lower() in ("dmarc", "dkim"):
                    found.setdefault("domain", (domain[1] or domain[2] or "").lower())
        break
    return found
