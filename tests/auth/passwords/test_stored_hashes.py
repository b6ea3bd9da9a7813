"""Every hash that may be stored is verified, no other text ever matches, and none can ask for endless work."""

from __future__ import annotations

import hashlib
import time

import argon2
import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.auth.passwords.hashes import Cost, from_hublib, is_current, make, parse

CHEAP = Cost(64, 1)
SALT = bytes(range(16))
OURS = make(b"secret", CHEAP, SALT)
HUBLIB_SALT = "00112233445566778899aabbccddeeff"


def hublib(algorithm: str, password: bytes = b"secret") -> str:
    digest = hashlib.pbkdf2_hmac(algorithm, password, HUBLIB_SALT.encode(), 10_000, 32).hex()
    text = from_hublib(HUBLIB_SALT, digest)
    assert text is not None
    return text


def of_bcrypt(prefix: str, cost: int = 4, password: bytes = b"secret") -> str:
    text = bcrypt.hashpw(password, f"$2b${cost:02}$abcdefghijklmnopqrstuu".encode()).decode()
    return text.replace("$2b$", prefix, 1)


KNOWN = {
    "argon2id": OURS,
    "argon2id of the reference library": argon2.PasswordHasher(1, 64, 2).hash("secret"),
    "bcrypt 2a": of_bcrypt("$2a$"),
    "bcrypt 2b": of_bcrypt("$2b$"),
    "bcrypt 2y": of_bcrypt("$2y$"),
    "bcrypt of cost 6, as pgcrypto makes them": of_bcrypt("$2a$", 6),
    "CryptoJS from 4.2.0 on": hublib("sha256"),
    "CryptoJS before 4.2.0": hublib("sha1"),
}


@pytest.mark.parametrize("text", KNOWN.values(), ids=KNOWN)
def test_only_the_right_password_matches(text: str) -> None:
    stored = parse(text)
    assert stored is not None
    assert stored.matches(b"secret")
    for wrong in (b"", b"Secret", b"secret ", b"secret\0", b"s" * 72, b"s" * 73, b"s" * 5000):
        assert not stored.matches(wrong)


def test_our_hashes_are_argon2id_to_everybody() -> None:
    assert OURS.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert argon2.PasswordHasher().verify(OURS, "secret")


@pytest.mark.parametrize(
    ("text", "password"),
    [  # Public vectors: crypt_blowfish, jBCrypt and the reference implementation of argon2
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", b"U*U"),
        ("$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i", b"abc"),
        ("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", b"password"),
    ],
)
def test_public_vectors(text: str, password: bytes) -> None:
    stored = parse(text)
    assert stored is not None
    assert stored.matches(password)


def test_bcrypt_does_not_compare_beginnings() -> None:
    stored = parse(of_bcrypt("$2a$", password=b"x" * 72))
    assert stored is not None
    assert stored.matches(b"x" * 72)
    assert not stored.matches(b"x" * 73)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "secret",
        "$",
        "\0",
        "\ud800",
        "!",
        "*",
        "x" * 100_000,
        "$1$salt$hash",
        "$2x$04$" + of_bcrypt("")[7:],
        of_bcrypt("$2a$")[:-1],
        of_bcrypt("$2a$") + "x",
        of_bcrypt("$2a$") + "\n",
        "$2b$04$" + "z" * 53,  # bits in the salt that there are none of
        "$argon2id$v=19$m=64,t=1,p=1$$",
        OURS.replace("argon2id", "argon2d"),
        OURS.replace("argon2id", "argon2i"),
        OURS.replace("v=19", "v=16"),
        OURS[:-30],  # a digest of a few bytes would match by chance
        OURS + "=",
        OURS[:-1] + chr(ord(OURS[-1]) + 1),  # other letters, yet the same bytes to a careless decoder
        OURS + "\n",
        hublib("sha256") + "00",
        "$pbkdf2-hublib$i=10000$zz$" + "0" * 64,
    ],
)
def test_other_texts_are_no_hash(text: str | None) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        OURS.replace("m=64", "m=104857600"),  # 100 GB
        OURS.replace("m=64", "m=262145"),
        OURS.replace("m=64", "m=7"),  # less than argon2 can
        OURS.replace("m=64,t=1", "m=262144,t=5"),
        OURS.replace("t=1", "t=4294967295"),
        OURS.replace("t=1", "t=" + "9" * 5000),
        OURS.replace("t=1", "t=0"),
        OURS.replace("m=64,t=1,p=1", "m=1024,t=1,p=17"),
        OURS.replace("p=1", "p=16"),  # 16 lanes in 64 KiB
        of_bcrypt("$2a$").replace("$04$", "$31$"),
        of_bcrypt("$2a$").replace("$04$", "$15$"),
        of_bcrypt("$2a$").replace("$04$", "$03$"),
        hublib("sha256").replace("i=10000", "i=1000000"),
        hublib("sha256").replace("i=10000", "i=0"),
    ],
)
def test_hostile_parameters_are_not_computed(text: str) -> None:
    began = time.perf_counter()
    assert parse(text) is None
    assert time.perf_counter() - began < 1


def damaged(text: str) -> st.SearchStrategy[str]:
    places = st.integers(len("$argon2id$v=19$m=64,t=1,p=1$"), len(text) - 1)
    return st.builds(lambda at, char: text[:at] + char + text[at + 1 :], places, st.sampled_from("./Aa09$=,+\0é"))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=80), st.sampled_from(list(KNOWN.values())).flatmap(damaged)))
def test_no_text_raises_and_no_damaged_one_matches(text: str) -> None:
    stored = parse(text)
    if stored is not None and text not in KNOWN.values():
        assert not stored.matches(b"secret")


@pytest.mark.parametrize(
    ("text", "current"),
    [
        (make(b"x", Cost(128, 2), SALT), True),
        (make(b"x", Cost(256, 4), SALT), True),
        (make(b"x", Cost(128, 1), SALT), True),  # calibrated a little lower elsewhere
        (make(b"x", Cost(64, 1), SALT), False),
        (make(b"x", Cost(16, 32), SALT), False),  # the same work in hardly any memory
        (of_bcrypt("$2a$", 10), False),
        (hublib("sha256"), False),
        ("", False),
    ],
)
def test_which_hashes_are_replaced(text: str, current: bool) -> None:
    assert is_current(parse(text), Cost(128, 2)) is current


@pytest.mark.parametrize(("salt", "digest"), [("", "0" * 64), ("not hex at all!!", "0" * 64), ("0" * 32, "0" * 40)])
def test_entries_that_are_not_hublibs(salt: str, digest: str) -> None:
    assert from_hublib(salt, digest) is None
