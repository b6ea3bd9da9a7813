"""Email addresses and phone numbers: one spelling each, and nothing that means anything elsewhere (threat T33)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.body import Body
from gateway.auth.contacts import email_address, phone_number
from gateway.auth.errors import AuthError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@b.co", "a@b.co"),
        ("  Ann.Lee+Tag@Example.COM ", "ann.lee+tag@example.com"),
        ("o'hara@x.co", "o'hara@x.co"),
        ("root@localhost", "root@localhost"),
        ("a@xn--mnchen-3ya.de", "a@xn--mnchen-3ya.de"),
        ("a@1.2", "a@1.2"),
        ("x" * 64 + "@b.co", "x" * 64 + "@b.co"),
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert email_address(text) == address
    assert Body({"email": text}).email() == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@b.co",
        "a@",
        "a@b@c.co",
        "a b@c.co",
        "a@b .co",
        "a@.co",
        "a@b..co",
        "a@b.co.",
        "a@-b.co",
        "a@b-.co",
        "a@[127.0.0.1]",
        '"a b"@c.co',
        "Ann <a@b.co>",
        "a@b.co,c@d.co",
        "a@b.co;c@d.co",
        "a@b.co\n",
        "\na@b.co",
        "a@b.co\r\nBcc: c@d.co",
        "a@b.co\tx",
        "a\0@b.co",
        "a(comment)@b.co",
        "a\\@b.co",
        "<script>@b.co",
        "\u0430@b.co",
        "a@b.c\u043e",
        "\u212a@b.co",
        "a@b\u3002co",
        "\u00a0a@b.co",
        "a\u200b@b.co",
        "a\uff20b.co",
        "x" * 65 + "@b.co",
        "a@" + ".".join(["x" * 60] * 4) + ".example.com",
        "a@" + "x" * 64 + ".co",
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert email_address(text) is None
    if text:
        with pytest.raises(AuthError, match="invalid format") as raised:
            Body({"email": text}).email()
        assert (raised.value.status, raised.value.code) == (400, "validation_failed")


@given(st.text(max_size=20) | st.from_regex(r"[^@]{1,6}@[^@]{1,6}", fullmatch=True))
def test_an_address_is_a_fixed_point_of_plain_ascii(text: str) -> None:
    address = email_address(text)
    if address is not None:
        assert email_address(address) == address == address.lower()
        assert address.isascii()
        assert not set(address) & set('\r\n\t\0 <>",;:()[]\\')


@pytest.mark.parametrize(
    ("text", "number"),
    [("+33 6 12 34 56 78", "33612345678"), ("33612345678", "33612345678"), (" +12", "12"), ("1" * 15, "1" * 15)],
)
def test_numbers(text: str, number: str) -> None:
    assert phone_number(text) == number
    assert Body({"phone": text}).phone() == number


@pytest.mark.parametrize(
    "text", ["", "+", "1", "0612345678", "++33612", "+33-612", "33612\n", "1" * 16, "\u0661\u0662\u0663", "a@b.co"]
)
def test_what_is_no_number(text: str) -> None:
    assert phone_number(text) is None
    if text:
        with pytest.raises(AuthError, match=r"E\.164"):
            Body({"phone": text}).phone()
