"""Whose address counts."""

from dataclasses import replace

import pytest
from django.conf import settings
from django.test import RequestFactory

from maru.core.network import client_ip, network_of, network_of_request


@pytest.fixture
def behind(settings):  # type: ignore[no-untyped-def]
    def proxies(count: int) -> None:
        settings.ENVIRONMENT = replace(settings.ENVIRONMENT, trusted_proxies=count)

    return proxies


def ask(remote: str, forwarded: str = "") -> str:
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    return client_ip(RequestFactory().get("/", REMOTE_ADDR=remote, **headers))


def test_a_header_of_the_visitor_is_no_address(behind) -> None:  # type: ignore[no-untyped-def]
    behind(0)
    assert ask("203.0.113.9", "1.2.3.4") == "203.0.113.9"


def test_only_what_our_own_proxies_wrote_counts(behind) -> None:  # type: ignore[no-untyped-def]
    behind(1)
    assert ask("10.0.0.1", "6.6.6.6, 203.0.113.9") == "203.0.113.9"
    behind(2)
    assert ask("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2") == "203.0.113.9"
    assert ask("10.0.0.1", "203.0.113.9") == "10.0.0.1"


@pytest.mark.parametrize("nonsense", ["", "<script>", "1.2.3", "unix:", "999.1.1.1"])
def test_nonsense_is_unknown(nonsense: str) -> None:
    assert ask(nonsense) == "0.0.0.0"


def test_networks() -> None:
    assert network_of("192.0.2.77") == "192.0.2.0/24"
    assert network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert network_of("::ffff:192.0.2.77") == "192.0.2.0/24"
    assert network_of_request(RequestFactory().get("/", REMOTE_ADDR="[2001:db8::1]")) == "2001:db8::/64"
    assert settings.ENVIRONMENT.trusted_proxies == 0
