"""Weak passwords are named with every reason; texts that are no passwords are told apart from weak ones."""

from __future__ import annotations

import unicodedata

import pytest

from gateway.auth.passwords import PasswordRules, Weakness, parse_classes, unusable
from gateway.auth.passwords.rules import forms

LENGTH, CHARACTERS = Weakness.LENGTH, Weakness.CHARACTERS
CLASSES = ("abc", "ABC", "0123")


@pytest.mark.parametrize(
    ("rules", "password", "reasons"),
    [
        (PasswordRules(), "12345", (LENGTH,)),
        (PasswordRules(), "123456", ()),
        (PasswordRules(), "", (LENGTH,)),
        (PasswordRules(minimum=1), "12345", (LENGTH,)),  # upstream raises lower values to 6
        (PasswordRules(minimum=-1), "", (LENGTH,)),
        (PasswordRules(minimum=10), "123456789", (LENGTH,)),
        (PasswordRules(minimum=10), "1234567890", ()),
        (PasswordRules(), "ééé", (LENGTH,)),  # characters, not bytes
        (PasswordRules(), "éééééé", ()),
        (PasswordRules(), "e\u0301" * 3, (LENGTH,)),
        (PasswordRules(), "😀" * 6, ()),
        (PasswordRules(classes=CLASSES), "aA0xyz", ()),
        (PasswordRules(classes=CLASSES), "aA0", (LENGTH,)),
        (PasswordRules(classes=CLASSES), "aAxyzx", (CHARACTERS,)),
        (PasswordRules(classes=CLASSES), "zzzzzz", (CHARACTERS,)),
        (PasswordRules(classes=CLASSES), "z", (LENGTH, CHARACTERS)),
    ],
)
def test_all_reasons_that_apply(rules: PasswordRules, password: str, reasons: tuple[Weakness, ...]) -> None:
    found = rules.weakness(password)
    assert (found.reasons if found else ()) == reasons


def test_the_message_says_what_is_missing() -> None:
    found = PasswordRules(minimum=8, classes=CLASSES).weakness("x")
    assert found is not None
    assert found.message == (
        "Password should be at least 8 characters. "
        "Password should contain at least one character of each: abc, ABC, 0123."
    )
    assert "x" not in found.message.split()


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("", ()),
        ("abc", ("abc",)),
        ("abc:ABC:012", ("abc", "ABC", "012")),
        (":abc::ABC:", ("abc", "ABC")),
        (r"abc:!\:;", ("abc", "!:;")),
        (r"!\\:|:abc", (r"!\:|", "abc")),  # as upstream's own configuration writes a backslash and a colon
        ("éà:ñ", ("éà", "ñ")),
    ],
)
def test_classes_are_read_as_upstream_writes_them(text: str, classes: tuple[str, ...]) -> None:
    assert parse_classes(text) == classes


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        ("correct horse", False),
        ("a" * 73, False),  # bcrypt's bound is not ours
        ("a" * 1024, False),
        ("a" * 1025, True),
        ("é" * 512, False),
        ("é" * 513, True),
        ("a" * 1_000_000, True),
        ("nul\0inside", True),
        ("\ud800alone", True),
    ],
)
def test_texts_that_are_no_password(password: str, refused: bool) -> None:
    assert (unusable(password) is not None) is refused
    assert bool(forms(password)) is not refused


@pytest.mark.parametrize(
    ("password", "number"),
    [("plain", 1), (unicodedata.normalize("NFC", "été"), 1), (unicodedata.normalize("NFD", "été"), 2), ("①ﬁ", 2)],
)
def test_passwords_are_normalised_and_the_typed_form_is_tried_too(password: str, number: int) -> None:
    found = forms(password)
    assert found[0] == unicodedata.normalize("NFKC", password).encode()
    assert found[-1] == password.encode()
    assert len(found) == number
