"""Callers, statements and modes that the tests of this room share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from gateway.database import PROOF_COLUMNS, Caller, Envelope, TransactionMode
from gateway.identity import Identity

LOGIN = "room_authenticator"
USERS = 40
NOTES_EACH = 3

READ = TransactionMode(read_only=True)
WRITE = TransactionMode(read_only=False)
ENVELOPE = Envelope("POST", "/rpc/f", '{"accept":"*/*"}', "{}")

NOTES = f"""
    SELECT coalesce(pg_catalog.json_agg(n), '[]') AS body, {PROOF_COLUMNS}
    FROM (SELECT id, owner FROM public.notes ORDER BY id) AS n"""


def caller(
    sub: object = 1,
    role: str = "room_user",
    *,
    search_path: str = '"public"',
    role_settings: tuple[tuple[str, str], ...] = (),
    settings: tuple[tuple[str, str], ...] = (),
) -> Caller:
    claims = json.dumps({"role": role, "sub": str(sub)})
    return Caller(Identity(role, claims, role == "room_anon", str(sub)), search_path, role_settings, settings)


def owners(body: bytes) -> set[str]:
    return {note["owner"] for note in json.loads(body)}


def probe(expression: str) -> str:
    """A fast read of one text expression."""
    return f"SELECT ({expression})::text AS seen, {PROOF_COLUMNS}"


OpenDatabase = Callable[..., Any]
