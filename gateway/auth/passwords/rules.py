"""What a password may be: which texts are none at all, and which are too weak. Pure.

Upstream refuses more than 72 bytes because bcrypt reads no further. We hash with argon2id, which has no such end, and
people expect that a long passphrase from a password manager, or 30 letters in Cyrillic, is a good password and not an
error. So the bound here is only there to keep requests cheap; NIST SP 800-63B-4 asks for at least 64 characters.

Passwords are normalised to NFKC before anything else (NIST SP 800-63B-4, section 3.1.1.2), so that an é typed on one
device is the é of another. Hashes that were imported are of passwords as they were typed: see `forms`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SHORTEST: Final = 6
"""Characters; lower minimums in the configuration count as this one."""
LONGEST: Final = 1024
"""Bytes of UTF-8, as typed."""

_SEPARATOR: Final = re.compile(r"(?<!\\):")


class Weakness(StrEnum):
    """A member of `weak_password.reasons`."""

    LENGTH = "length"
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class Weak:
    """Every reason for which a password is too weak, and the sentences that say so to its owner."""

    reasons: tuple[Weakness, ...]
    message: str


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """A password has at least `minimum` characters, and at least one of each text in `classes`."""

    minimum: int = SHORTEST
    classes: tuple[str, ...] = ()

    def weakness(self, password: str) -> Weak | None:
        """Why a password is too weak, None if it is not. Characters are code points after normalisation."""
        normal = normalised(password)
        minimum = max(self.minimum, SHORTEST)
        found: dict[Weakness, str] = {}
        if len(normal) < minimum:
            found[Weakness.LENGTH] = f"Password should be at least {minimum} characters."
        if not all(set(normal) & set(members) for members in self.classes):
            listed = ", ".join(self.classes)
            found[Weakness.CHARACTERS] = f"Password should contain at least one character of each: {listed}."
        return Weak(tuple(found), " ".join(found.values())) if found else None


def parse_classes(text: str) -> tuple[str, ...]:
    r"""Character classes as upstream configures them: `abc…:ABC…:0123456789`, a colon in a class written `\:`."""
    return tuple(members.replace("\\:", ":") for members in _SEPARATOR.split(text) if members)


def unusable(password: str) -> str | None:
    """Why a text can be nobody's password (400 `validation_failed`), None if it can."""
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        return "Password is not valid Unicode text"
    if size > LONGEST:
        return f"Password cannot be longer than {LONGEST} bytes"
    if "\0" in password:
        return "Password cannot contain the character NUL"
    return None


def normalised(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def forms(password: str) -> tuple[bytes, ...]:
    """The byte strings whose hash a stored one may be: the normalised password, then the one typed if it differs.

    How many there are depends on the text alone, so it tells nothing of an account. None for unusable texts.
    """
    if unusable(password) is not None:
        return ()
    return tuple(dict.fromkeys((normalised(password).encode(), password.encode())))
