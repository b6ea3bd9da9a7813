"""Codes and links hold for one purpose and address, cannot be read from what is stored; PKCE as RFC 7636 has it."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.tokens import codes
from gateway.auth.tokens.codes import ChallengeMethod

KEY = bytes(range(32))
S256, PLAIN = ChallengeMethod.S256, ChallengeMethod.PLAIN


@pytest.mark.parametrize("digits", [6, 7, 8, 9, 10])
def test_codes_are_drawn_from_all_and_keep_their_zeros(digits: int) -> None:
    asked: list[int] = []

    def below(bound: int) -> int:
        asked.append(bound)
        return 42

    assert codes.new_code(digits, below=below) == "42".zfill(digits)
    assert asked == [10**digits]


@pytest.mark.parametrize("digits", [-1, 0, 5, 11])
def test_other_lengths_are_refused(digits: int) -> None:
    with pytest.raises(ValueError, match="6 to 10"):
        codes.new_code(digits)


def test_codes_and_links_differ() -> None:
    assert len({codes.new_link() for _ in range(100)}) == 100
    assert len({codes.new_code(10) for _ in range(100)}) == 100
    assert all(codes.is_link(codes.new_link()) for _ in range(10))


@pytest.mark.parametrize(
    "text", ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "a" * 64 + "\n", "٣" * 64, "pkce_" + "a" * 64]
)
def test_other_texts_are_no_links(text: str) -> None:
    assert not codes.is_link(text)


def test_what_is_stored_depends_on_everything() -> None:
    forms = [
        codes.stored_code(KEY, "recovery", "a@b.c", "123456"),
        codes.stored_code(KEY[::-1], "recovery", "a@b.c", "123456"),
        codes.stored_code(KEY, "email_change", "a@b.c", "123456"),
        codes.stored_code(KEY, "recovery", "a@b.d", "123456"),
        codes.stored_code(KEY, "recovery", "a@b.c", "123457"),
        codes.stored_code(KEY, "recoverya", "@b.c", "123456"),  # parts cannot slide into each other
        codes.stored_code(KEY, "recovery", "a@b.c1", "23456"),
        codes.stored_link(KEY, "recovery", "123456"),
        codes.stored_link(KEY, "signup", "123456"),
    ]
    assert len(set(forms)) == len(forms)
    assert all(len(form) == 64 and "123456" not in form for form in forms)


def test_the_stored_form_is_keyed() -> None:
    """Whoever reads the database and this program, but not the key, cannot try a million codes."""
    stored = codes.stored_code(KEY, "recovery", "a@b.c", "123456")
    parts = (b"recovery", b"a@b.c", b"123456")
    message = b"passerelle one-time secret" + b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    assert stored != hashlib.sha256(message).hexdigest()
    with pytest.raises(ValueError, match="32 bytes"):
        codes.stored_code(b"", "recovery", "a@b.c", "123456")


@given(st.text(max_size=20))
def test_strangers_texts_are_harmless(text: str) -> None:
    stored = codes.stored_code(KEY, "recovery", text, text)
    assert codes.is_same(stored, stored)
    assert not codes.is_same(stored, text)
    assert codes.challenge_method(text) is None or text.lower() in {"s256", "plain"}
    assert not codes.answers(text, text, PLAIN)


def test_lone_surrogates_are_harmless() -> None:
    assert not codes.is_same(codes.stored_link(KEY, "signup", "\ud800"), "\ud800")


VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
LONG = "0f" * 56  # as supabase-js makes them
LONG_CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(LONG.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("verifier", "challenge", "method", "belongs"),
    [
        (VERIFIER, CHALLENGE, S256, True),
        (LONG, LONG_CHALLENGE, S256, True),
        (VERIFIER, VERIFIER, PLAIN, True),
        (LONG, LONG, PLAIN, True),
        (LONG, CHALLENGE, S256, False),
        (CHALLENGE, CHALLENGE, S256, False),  # the challenge was seen in a URL
        (VERIFIER, CHALLENGE, PLAIN, False),
        (VERIFIER, CHALLENGE + "=", S256, False),
        (VERIFIER, "", S256, False),
        ("", "", PLAIN, False),
        ("", CHALLENGE, S256, False),
        ("short", "short", PLAIN, False),
        ("a" * 42, "a" * 42, PLAIN, False),
        ("a" * 43, "a" * 43, PLAIN, True),
        ("a" * 128, "a" * 128, PLAIN, True),
        ("a" * 129, "a" * 129, PLAIN, False),
        ("é" * 43, "é" * 43, PLAIN, False),
        ("a" * 43, "é" * 43, PLAIN, False),
        ("a" * 43 + "\n", "a" * 43 + "\n", PLAIN, False),
        (LONG, "\ud800" * 43, S256, False),
    ],
)
def test_verifiers(verifier: str, challenge: str, method: ChallengeMethod, belongs: bool) -> None:
    assert codes.answers(verifier, challenge, method) is belongs


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (CHALLENGE, True),
        ("a" * 42, False),
        ("~.-_" * 11, True),
        ("a" * 129, False),
        ("a" * 42 + "=", False),
        ("", False),
    ],
)
def test_challenges(text: str, valid: bool) -> None:
    assert codes.is_challenge(text) is valid


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("s256", S256),
        ("S256", S256),
        ("plain", PLAIN),
        ("Plain", PLAIN),
        ("", None),
        ("none", None),
        ("\u017f256", None),
    ],
)
def test_methods(text: str, method: ChallengeMethod | None) -> None:
    assert codes.challenge_method(text) is method
