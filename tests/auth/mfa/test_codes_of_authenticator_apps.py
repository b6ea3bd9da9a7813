"""TOTP as RFC 6238 has it, each code at most once; secrets at rest belong to one factor."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.mfa import SecretUnreadable, seal, totp, unseal

SECRET = b"12345678901234567890"  # RFC 6238, appendix B
KEY, FACTOR = bytes(range(32)), UUID(int=7)


@pytest.mark.parametrize(
    ("time", "code"),
    [  # the last six of the eight digits there
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_vectors_of_the_rfc(time: int, code: str) -> None:
    assert totp.code_at(SECRET, time // 30) == code[2:]
    assert totp.accepted_step(SECRET, code[2:], now=time, last=None) == time // 30


NOW = 1_800_000_015.5  # in the middle of step 60 000 000
STEP = 60_000_000


def code(ahead: int) -> str:
    return totp.code_at(SECRET, STEP + ahead)


@pytest.mark.parametrize(
    ("presented", "last", "step"),
    [
        (code(0), None, STEP),
        (code(-1), None, STEP - 1),
        (code(1), None, STEP + 1),
        (code(-2), None, None),
        (code(2), None, None),
        (code(0), STEP - 1, STEP),
        (code(0), STEP, None),  # a replay
        (code(-1), STEP, None),  # older than what was accepted
        (code(-1), STEP - 1, None),
        (code(1), STEP, STEP + 1),
        (code(0), STEP + 1, None),
        (f"{code(0)[:3]} {code(0)[3:]}", None, STEP),
        (f" {code(0)}\n", None, STEP),
        ("", None, None),
        (code(0)[:-1], None, None),
        (code(0) + "0", None, None),
        ("0" + code(0), None, None),
        ("-" + code(0)[1:], None, None),
        ("abcdef", None, None),
        ("".join(chr(0x0660 + int(digit)) for digit in code(0)), None, None),  # Arabic digits
        ("".join(chr(0xFF10 + int(digit)) for digit in code(0)), None, None),  # full-width ones
        ("²" * 6, None, None),
        ("\ud800" * 6, None, None),
        ("1" * 1_000_000, None, None),
    ],
)
def test_what_is_accepted_and_for_which_step(presented: str, last: int | None, step: int | None) -> None:
    assert totp.accepted_step(SECRET, presented, now=NOW, last=last) == step


@pytest.mark.parametrize(("now", "steps"), [(0, [0, 1]), (29.999, [0, 1]), (30, [0, 1, 2]), (60, [1, 2, 3])])
def test_the_window_moves_with_the_clock(now: float, steps: list[int]) -> None:
    codes = {totp.code_at(SECRET, step): step for step in range(6)}
    found = [totp.accepted_step(SECRET, code, now=now, last=None) for code in codes]
    assert [step for step in found if step is not None] == steps


def test_a_code_that_two_steps_share_is_accepted_for_the_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totp, "code_at", lambda secret, step: "123456")
    assert totp.accepted_step(SECRET, "123456", now=NOW, last=STEP - 1) == STEP + 1
    assert totp.accepted_step(SECRET, "123456", now=NOW, last=STEP + 1) is None


def test_new_secrets() -> None:
    assert len(totp.new_secret()) == 20
    assert totp.new_secret() != totp.new_secret()
    assert totp.base32(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert totp.base32(b"abc") == "MFRGG"


@pytest.mark.parametrize(
    ("issuer", "account", "label", "named"),
    [
        ("example.org", "a@b.c", "example.org:a@b.c", "example.org"),
        ("localhost:3000", "a@b.c", "localhost-3000:a@b.c", "localhost-3000"),
        ("Ça & là?#%+/", "a+b@c.d", "Ça & là?#%+/:a+b@c.d", "Ça & là?#%+/"),
        ("x&secret=AAAA", "a&issuer=evil", "x&secret=AAAA:a&issuer=evil", "x&secret=AAAA"),
        ("a\r\nb\0", "c\ud800\x7fd", "ab:cd", "ab"),
        ("", "a@b.c", "a@b.c", None),
        ("é" * 500, "a" + "é" * 500, "é" * 24 + ":a" + "é" * 47, "é" * 24),
        ("i" * 500, "a" * 500, "i" * 48 + ":" + "a" * 96, "i" * 48),
    ],
)
def test_uris_are_read_as_they_were_meant(issuer: str, account: str, label: str, named: str | None) -> None:
    uri = totp.otpauth_uri(SECRET, issuer=issuer, account=account)
    assert uri.isascii()
    assert not set(uri) & set(" +#\"'<>\\")
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, unquote(parts.path[1:])) == ("otpauth", "totp", label)
    expected = {"secret": [totp.base32(SECRET)], "algorithm": ["SHA1"], "digits": ["6"], "period": ["30"]}
    assert parse_qs(parts.query, strict_parsing=True) == expected | ({"issuer": [named]} if named else {})


def test_a_sealed_secret_is_read_again_and_hidden() -> None:
    stored = seal(SECRET, key=KEY, factor=FACTOR)
    assert unseal(stored, key=KEY, factor=FACTOR) == SECRET
    assert totp.base32(SECRET) not in stored
    assert stored != seal(SECRET, key=KEY, factor=FACTOR)


STORED = seal(SECRET, key=KEY, factor=FACTOR)


def raw_of(stored: str) -> bytes:
    return base64.urlsafe_b64decode(stored.removeprefix("totp1:"))


def text_of(raw: bytes) -> str:
    return "totp1:" + base64.urlsafe_b64encode(raw).decode()


@given(st.integers(0, (12 + 20 + 16) * 8 - 1))
def test_no_bit_of_it_can_be_changed(bit: int) -> None:
    raw = bytearray(raw_of(STORED))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SecretUnreadable):
        unseal(text_of(bytes(raw)), key=KEY, factor=FACTOR)


@pytest.mark.parametrize(
    ("stored", "key", "factor"),
    [
        (STORED, KEY[::-1], FACTOR),
        (STORED, KEY, UUID(int=8)),  # copied into another factor's row
        (STORED[:-4], KEY, FACTOR),
        (STORED + "!", KEY, FACTOR),
        ("totp1:", KEY, FACTOR),
        ("totp1:é", KEY, FACTOR),
        ("totp1:\ud800", KEY, FACTOR),
        ("totp2:" + STORED[6:], KEY, FACTOR),
        ("", KEY, FACTOR),
        ("AAAA", KEY, FACTOR),
        ("not base32", KEY, FACTOR),
        ("{}", KEY, FACTOR),
        ("\ud800", KEY, FACTOR),
    ],
    ids=range(13),
)
def test_what_cannot_be_read_is_an_error_and_says_nothing(stored: str, key: bytes, factor: UUID) -> None:
    with pytest.raises(SecretUnreadable) as refused:
        unseal(stored, key=key, factor=factor)
    assert refused.value.status == 500
    assert refused.value.__suppress_context__


def test_secrets_that_came_from_supabase_are_read() -> None:
    assert unseal(totp.base32(SECRET), key=KEY, factor=FACTOR) == SECRET


def test_a_server_without_a_key_is_told() -> None:
    for key in (b"", KEY[:-1]):
        with pytest.raises(ValueError, match="32 bytes"):
            seal(SECRET, key=key, factor=FACTOR)
        with pytest.raises(ValueError, match="32 bytes"):
            unseal(STORED, key=key, factor=FACTOR)
