"""Stored password hashes: our own argon2id, and those that users bring along. Synchronous and slow on purpose.

    $argon2id$v=19$m=65536,t=1,p=1$salt$hash     RFC 9106; what is made here
    $2a$10$…, $2b$…, $2y$…                       bcrypt: Supabase, pgcrypto's crypt()
    $pbkdf2-hublib$i=10000$salt$hash             PBKDF2 as Hub-Lib stores it (CryptoJS), a text form of our own

A stored text is a stranger's when it was imported, and its parameters say how much work it asks for: what would cost
more than about two seconds or a quarter of a gigabyte is not read as a hash at all. Digests are compared in constant
time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from abc import abstractmethod
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, Protocol

import bcrypt
from argon2.low_level import Type, hash_secret_raw

SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32

_MOST_MEMORY: Final = 256 * 1024
_MOST_WORK: Final = 1024 * 1024
"""Kibibytes times passes: about two seconds."""
_MOST_LANES: Final = 16
_BCRYPT_COSTS: Final = range(4, 15)
_MOST_ITERATIONS: Final = 100_000
_BCRYPT_READS: Final = 72
_SALT_SIZES: Final = range(8, 65)
_HASH_SIZES: Final = range(16, 65)

_ARGON2ID: Final = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,9}),p=([1-9][0-9]{0,9})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
)
_BCRYPT: Final = re.compile(r"(\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu])([./A-Za-z0-9]{31})")
"""The salt's last character has only two bits of it, so only four can stand there."""
_HUBLIB: Final = re.compile(r"\$pbkdf2-hublib\$i=([1-9][0-9]{0,9})\$([0-9A-Fa-f]{16,128})\$([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Cost:
    """What an argon2id hash costs: kibibytes of memory, passes over it, lanes (one lane is one thread)."""

    memory: int
    passes: int
    lanes: int = 1

    @property
    def work(self) -> int:
        return self.memory * self.passes

    def permitted(self) -> bool:
        """Whether a stored hash may ask for that much. Argon2 itself wants 8 KiB for each lane."""
        lanes = min(self.lanes, _MOST_LANES)
        return self.lanes == lanes and 8 * lanes <= self.memory <= _MOST_MEMORY and self.work <= _MOST_WORK


class StoredHash(Protocol):
    """A hash that can be compared with."""

    @abstractmethod
    def matches(self, password: bytes) -> bool:
        """Takes as long as the hash's parameters say. Raises `argon2.exceptions.HashingError` without memory."""
        ...


@dataclass(frozen=True, slots=True)
class Argon2id:
    cost: Cost
    salt: bytes
    digest: bytes

    def matches(self, password: bytes) -> bool:
        return compare_digest(_argon2id(password, self.salt, self.cost, len(self.digest)), self.digest)


@dataclass(frozen=True, slots=True)
class Bcrypt:
    """`setting` is version, cost and salt. Passwords of more than 72 bytes never match: bcrypt would compare only
    their beginning, and then a wrong password would be hashed anew as the right one."""

    setting: bytes
    digest: bytes

    def matches(self, password: bytes) -> bool:
        if len(password) > _BCRYPT_READS or b"\0" in password:
            return False
        return compare_digest(bcrypt.hashpw(password, self.setting), self.setting + self.digest)


@dataclass(frozen=True, slots=True)
class HublibPbkdf2:
    """CryptoJS takes the salt's hexadecimal text, not its bytes. From 4.2.0 on it hashes with SHA-256, before with
    SHA-1; nothing stored says which, so both are tried, always."""

    iterations: int
    salt: bytes
    digest: bytes

    def matches(self, password: bytes) -> bool:
        if b"\0" in password:  # HMAC pads its key with them: with and without would be the same
            return False
        recent, old = (
            hashlib.pbkdf2_hmac(name, password, self.salt, self.iterations, _HASH_BYTES) for name in ("sha256", "sha1")
        )
        return compare_digest(recent, self.digest) | compare_digest(old, self.digest)


def parse(text: str | None) -> StoredHash | None:
    """The hash that a text stands for; None for texts of no known form and for parameters beyond the bounds."""
    if not text:
        return None
    return _parse_argon2id(text) or _parse_bcrypt(text) or _parse_hublib(text)


def make(password: bytes, cost: Cost, salt: bytes) -> str:
    """A new argon2id hash in PHC form. Slow. Raises `argon2.exceptions.HashingError` if memory is short."""
    digest = _argon2id(password, salt, cost, _HASH_BYTES)
    return f"$argon2id$v=19$m={cost.memory},t={cost.passes},p={cost.lanes}${_encode(salt)}${_encode(digest)}"


def is_current(stored: StoredHash | None, cost: Cost) -> bool:
    """Whether a hash may stay, now that new ones cost `cost`.

    Half the work and a quarter of the memory are enough. Instances are calibrated one by one and never agree exactly;
    if each insisted on its own cost, a user would be hashed anew whenever another instance answers.
    """
    if not isinstance(stored, Argon2id):
        return False
    return 2 * stored.cost.work >= cost.work and 4 * stored.cost.memory >= cost.memory


def from_hublib(salt: str, digest: str, iterations: int = 10_000) -> str | None:
    """The text to store for an entry of Hub-Lib's export (hexadecimal salt and hash); None if it is not one."""
    text = f"$pbkdf2-hublib$i={iterations}${salt}${digest.lower()}"
    return text if _parse_hublib(text) else None


def _parse_argon2id(text: str) -> Argon2id | None:
    found = _ARGON2ID.fullmatch(text)
    if found is None:
        return None
    cost = Cost(*(int(number) for number in found.group(1, 2, 3)))
    salt, digest = _decode(found[4]), _decode(found[5])
    if len(salt) not in _SALT_SIZES or len(digest) not in _HASH_SIZES or not cost.permitted():
        return None
    return Argon2id(cost, salt, digest)


def _parse_bcrypt(text: str) -> Bcrypt | None:
    found = _BCRYPT.fullmatch(text)
    if found is None or int(found[2]) not in _BCRYPT_COSTS:
        return None
    return Bcrypt(found[1].encode(), found[3].encode())


def _parse_hublib(text: str) -> HublibPbkdf2 | None:
    found = _HUBLIB.fullmatch(text)
    if found is None or int(found[1]) > _MOST_ITERATIONS:
        return None
    return HublibPbkdf2(int(found[1]), found[2].encode(), bytes.fromhex(found[3]))


def _argon2id(password: bytes, salt: bytes, cost: Cost, size: int) -> bytes:
    return hash_secret_raw(password, salt, cost.passes, cost.memory, cost.lanes, size, Type.ID)


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Base64 without padding; empty for texts that no encoder writes."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return b""
    return raw if _encode(raw) == text else b""
