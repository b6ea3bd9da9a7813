"""Sessions, each with the key and the count of its refresh tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID, uuid4

from gateway.auth.model import Proof, SessionRow
from gateway.auth.store.accounts import Account
from gateway.auth.store.connection import Connection
from gateway.auth.store.sql import statement

Scope = Literal["global", "local", "others"]


@dataclass(frozen=True, slots=True)
class Client:
    """Whence a session is used."""

    user_agent: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """A session with its user. `key` makes its refresh tokens, `counter` is the number of the current one; both are
    None for sessions of a server whose tokens were rows. `refreshed_ago` is in seconds, by the database's clock."""

    session: SessionRow
    account: Account
    proofs: tuple[Proof, ...]
    key: bytes | None = field(repr=False)
    counter: int | None
    refreshed_ago: float | None


async def insert(  # noqa: PLR0917 - the columns of a row
    connection: Connection, session_id: UUID, user_id: UUID, key: bytes, method: str, client: Client, aal: str = "aal1"
) -> None:
    await connection.execute(
        statement("insert_session"),
        session_id,
        user_id,
        aal,
        key.hex(),
        client.user_agent,
        client.address,
        method,
        uuid4(),
    )


async def find(connection: Connection, session_id: UUID) -> Open | None:
    row = await connection.fetchrow(statement("session"), session_id)
    if row is None:
        return None
    return Open(
        SessionRow.from_record(row["session"]),
        Account.from_record(row),
        tuple(Proof.from_record(each) for each in row["proofs"]),
        _key(row["refresh_token_hmac_key"]),
        row["refresh_token_counter"],
        row["refreshed_ago"],
    )


async def advance(connection: Connection, session_id: UUID, counter: int, following: int, client: Client) -> bool:
    """Whether the session had that count and has the following one now; otherwise somebody else was quicker, or it has
    ended."""
    return bool(
        await connection.fetchval(
            statement("advance_session"), session_id, counter, following, client.user_agent, client.address
        )
    )


async def end(connection: Connection, session_id: UUID) -> list[UUID]:
    """Returns what was ended."""
    return [row["id"] for row in await connection.fetch(statement("end_session"), session_id)]


async def end_of_user(connection: Connection, user_id: UUID, session_id: UUID | None, scope: Scope) -> list[UUID]:
    """All of a user's sessions, that one, or all but that one. Returns what was ended."""
    return [row["id"] for row in await connection.fetch(statement("end_sessions"), user_id, session_id, scope)]


def _key(text: str | None) -> bytes | None:
    """Other servers keep other keys there."""
    try:
        key = bytes.fromhex(text or "")
    except ValueError:
        return None
    return key if len(key) == 32 else None  # noqa: PLR2004 - tokens.refresh.KEY_BYTES
