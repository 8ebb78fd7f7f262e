"""Where a request comes from, as far as that can be believed."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "0.0.0.0"  # noqa: S104 — an address to count under, not to listen on


def client_ip(request: HttpRequest) -> str:
    """The visitor's address as text; ``0.0.0.0`` when the server did not learn it.

    ``X-Forwarded-For`` counts only as far as ``MARU_TRUSTED_PROXIES`` proxies of our own have written it: each adds
    the address it saw at the right, so everything left of theirs is the visitor's own invention.
    """
    direct = request.META.get("REMOTE_ADDR", "")
    proxies: int = settings.ENVIRONMENT.trusted_proxies
    if proxies:
        seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        if len(seen) >= proxies:
            return _normal(seen[-proxies])
    return _normal(direct)


def network_of(ip: str) -> str:
    """The network that shares a fate with ``ip``: its /24 (IPv4) or /64 (IPv6), such as ``192.0.2.0/24``."""
    address = _parse(ip)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(IPv4Network((address, 24), strict=False))


def network_of_request(request: HttpRequest) -> str:
    """:func:`network_of` the visitor."""
    return network_of(client_ip(request))


def _normal(written: str) -> str:
    return str(_parse(written))


def _parse(written: str) -> IPv4Address | IPv6Address:
    try:
        address = ip_address(written.strip().strip("[]").split("%")[0])
    except ValueError:
        return IPv4Address(UNKNOWN)
    # The same visitor must not have two names: ::ffff:192.0.2.1 is 192.0.2.1.
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
