"""From which address a request came: what headers say counts only as far as trusted proxies wrote it."""

from __future__ import annotations

import time
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from gateway.limits import NOWHERE, address
from gateway.web import Proxies
from gateway.web.client_address import FORWARDED, X_FORWARDED_FOR, read_address

NEAR = tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8")))
TRUSTING = Proxies(NEAR, unix=True)
RFC7239 = Proxies(NEAR, unix=True, header=FORWARDED)


def client(proxies: Proxies, peer: str | None, *lines: str, header: str | None = None) -> str | None:
    headers = CIMultiDict([(header or proxies.header, line) for line in lines])
    found = proxies.client(peer, headers)
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("peer", "lines", "expected"),
    [
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        ("203.0.113.9", ["10.0.0.1, 1.2.3.4, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1, 10.9.9.9,10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["198.51.100.1, , ,"], "198.51.100.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.1", ["2001:DB8:0::1"], "2001:db8::1"),
        ("10.0.0.1", ["fe80::1%eth0"], "fe80::1"),
        ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["198.51.100.1} {x"], "10.0.0.1"),
        ("10.0.0.1", ["0x7f.1"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.01"], "10.0.0.1"),
        ("10.0.0.1", ["for=198.51.100.1"], "10.0.0.1"),
        ("10.0.0.1", ["\udcff"], "10.0.0.1"),
        ("", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        (None, ["198.51.100.1"], "198.51.100.1"),
        ("", [], None),
    ],
)
def test_by_x_forwarded_for(peer: str | None, lines: list[str], expected: str | None) -> None:
    assert client(TRUSTING, peer, *lines) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["for=198.51.100.1"], "198.51.100.1"),
        (["For=198.51.100.1;proto=https;by=10.0.0.1"], "198.51.100.1"),
        (["proto=https; for=198.51.100.1"], "198.51.100.1"),
        (['for="[2001:db8::1]:4711"'], "2001:db8::1"),
        (['for="198.51.100.1:4711"'], "198.51.100.1"),
        (["for=1.2.3.4, for=198.51.100.1, for=10.0.0.2"], "198.51.100.1"),
        (['for=", for=198.51.100.1'], "198.51.100.1"),
        (["for=1.2.3.4", 'for="198.51.100.1"'], "198.51.100.1"),
        (["for=_hidden"], "10.0.0.1"),
        (["for=unknown"], "10.0.0.1"),
        (["by=198.51.100.1"], "10.0.0.1"),
        (["xfor=198.51.100.1"], "10.0.0.1"),
        (["for=198.51.100.1;for=1.2.3.4"], "10.0.0.1"),
        (["198.51.100.1"], "10.0.0.1"),
        (["for=" + ";" * 30_000], "10.0.0.1"),
    ],
)
def test_by_forwarded(lines: list[str], expected: str) -> None:
    assert client(RFC7239, "10.0.0.1", *lines) == expected


def test_the_other_header_is_never_read() -> None:
    """A proxy that writes one passes the other on as the client sent it."""
    assert client(TRUSTING, "10.0.0.1", "for=1.2.3.4", header=FORWARDED) == "10.0.0.1"
    assert client(RFC7239, "10.0.0.1", "1.2.3.4", header=X_FORWARDED_FOR) == "10.0.0.1"


def test_without_trusted_proxies_headers_say_nothing() -> None:
    for peer in ("203.0.113.9", "127.0.0.1", "10.0.0.1"):
        assert client(Proxies(), peer, "1.2.3.4") == peer
    assert client(Proxies(), "", "1.2.3.4") is None
    assert client(Proxies(NEAR), "", "1.2.3.4") is None


def test_ten_thousand_hops() -> None:
    began = time.perf_counter()
    for _ in range(100):
        assert client(TRUSTING, "10.0.0.1", ", ".join(["1.2.3.4"] * 9_999 + ["198.51.100.1"])) == "198.51.100.1"
        assert client(TRUSTING, "10.0.0.1", ", ".join(["10.0.0.2"] * 10_000)) == "10.0.0.2"
        assert client(TRUSTING, "10.0.0.1", "1.2.3.4" + "," * 100_000) == "10.0.0.1"
    assert time.perf_counter() - began < 2, "only the nearest are looked at"


@given(st.lists(st.text(max_size=30), max_size=6), st.sampled_from([TRUSTING, RFC7239]))
def test_what_a_client_sends_before_the_proxy_changes_nothing(sent: list[str], proxies: Proxies) -> None:
    written = "198.51.100.1" if proxies is TRUSTING else "for=198.51.100.1"
    lines = [*sent, written] if len(sent) % 2 else [", ".join([*sent, written])]
    assert client(proxies, "10.0.0.1", *lines) == "198.51.100.1"


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    found = read_address(text)
    assert found is None or ip_address(str(found)) == found


@pytest.mark.parametrize(
    ("ip", "subject"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
    ],
)
def test_of_ipv6_the_network_counts(ip: str, subject: str) -> None:
    assert address(ip_address(ip)) == subject
    assert address(None) == NOWHERE
