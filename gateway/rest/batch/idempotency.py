"""Idempotency keys: the answer of a batch is kept in the transaction of the batch (schema/gateway, 006).

Follows the IETF draft "The Idempotency-Key HTTP Header Field" where it says anything.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources

from gateway.database import DatabaseError, Transaction
from gateway.rest.batch.errors import key_in_use, key_reused, keys_unavailable, malformed_key

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_MISSING = frozenset({"42883", "3F000", "42501"})
_WAITED_TOO_LONG = frozenset({"57014", "55P03"})


@dataclass(frozen=True, slots=True)
class Key:
    """`digest` is that of the request body, hexadecimal."""

    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was committed under a key."""

    status: int
    body: bytes


def read_key(header: str | None, body: bytes) -> Key | None:
    """The key of a request; quotes around it, which the draft wants, make no difference. Raises BatchError."""
    if header is None:
        return None
    text = header.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if _KEY.fullmatch(text) is None:
        raise malformed_key()
    return Key(text, hashlib.sha256(body).hexdigest())


async def claim(transaction: Transaction, key: Key) -> Kept | None:
    """Take `key` for this transaction, or find what was answered under it. Waits while another transaction has it.

    Raises BatchError if the key stands for another request, is in use for too long, or cannot be kept here.
    """
    try:
        row = await transaction.fetchrow(_BEGIN, (key.text, key.digest))
    except DatabaseError as error:
        if error.code in _MISSING:
            raise keys_unavailable() from error
        if error.code in _WAITED_TOO_LONG:
            raise key_in_use() from error
        raise
    assert row is not None  # the function always says something
    if row["state"] == "new":
        return None
    if row["state"] != "answered" or row["answer"] is None:
        raise key_reused()
    return Kept(int(row["status"]), row["answer"].encode())


async def keep(transaction: Transaction, key: Key, answer: Kept) -> None:
    """Keep the answer, if and when the transaction is committed."""
    await transaction.fetch(_FINISH, (key.text, str(answer.status), answer.body.decode()))


def _sql(file: str) -> str:
    return resources.files(__package__ or "gateway.rest.batch").joinpath(file).read_text(encoding="utf-8").strip()


_BEGIN = _sql("idempotency_begin.sql")
_FINISH = _sql("idempotency_finish.sql")
