"""Users with all that belongs to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from gateway.auth.model import AUDIENCE, Factor, Metadata, User, UserIdentity
from gateway.auth.store.connection import Connection
from gateway.auth.store.sql import statement


@dataclass(frozen=True, slots=True)
class Account:
    """A user, the ways to prove it, and the second factors."""

    user: User
    identities: tuple[UserIdentity, ...]
    factors: tuple[Factor, ...]

    @property
    def guarded(self) -> bool:
        """Whether a second factor is asked for."""
        return any(factor.is_verified for factor in self.factors)

    @classmethod
    def from_record(cls, row: asyncpg.Record) -> Account:
        return cls(
            User.from_record(row),
            tuple(UserIdentity.from_record(each) for each in row["identities"]),
            tuple(Factor.from_record(each) for each in row["factors"]),
        )


@dataclass(frozen=True, slots=True, repr=False)
class NewUser:
    """What a user begins with. `password` is a hash."""

    id: UUID
    email: str | None = None
    password: str | None = None
    app_metadata: Mapping[str, Any] | None = None
    user_metadata: Mapping[str, Any] | None = None
    anonymous: bool = False
    role: str = AUDIENCE


async def by_id(connection: Connection, user_id: UUID) -> Account | None:
    row = await connection.fetchrow(statement("user_by_id"), user_id)
    return Account.from_record(row) if row is not None else None


async def by_email(connection: Connection, email: str) -> Account | None:
    row = await connection.fetchrow(statement("user_by_email"), email)
    return Account.from_record(row) if row is not None else None


async def insert(connection: Connection, new: NewUser) -> None:
    """Raises what the database says, of triggers too."""
    await connection.execute(
        statement("insert_user"),
        new.id,
        new.email,
        None,
        new.password,
        _json(new.app_metadata or {}),
        _json(new.user_metadata or {}),
        new.anonymous,
        new.role,
    )


async def insert_identity(
    connection: Connection, user_id: UUID, provider: str, provider_id: str, data: Mapping[str, Any]
) -> None:
    await connection.execute(statement("insert_identity"), user_id, provider, provider_id, _json(data))


async def confirm_email(connection: Connection, user_id: UUID) -> None:
    """An update of its own, as triggers of applications expect it."""
    await connection.execute(statement("confirm_email"), user_id)


async def set_password(connection: Connection, user_id: UUID, password: str) -> None:
    """`password` is a hash."""
    await connection.execute(statement("set_password"), user_id, password)


async def renew_sign_up(connection: Connection, user_id: UUID, password: str, data: Mapping[str, Any]) -> None:
    """Put the newest sign-up in the place of one that was never confirmed."""
    await connection.execute(statement("renew_sign_up"), user_id, password, _json(data))


async def merge_metadata(connection: Connection, user_id: UUID, changes: Mapping[str, Any]) -> Metadata:
    """Shallowly; null takes a name away. Returns what it is now."""
    gone = [name for name, value in changes.items() if value is None]
    kept = {name: value for name, value in changes.items() if value is not None}
    return orjson.loads(await connection.fetchval(statement("merge_metadata"), user_id, _json(kept), gone))


async def propose_email(connection: Connection, user_id: UUID, email: str, *, missing: int) -> None:
    """So many confirmations are missing, one or two."""
    await connection.execute(statement("propose_email"), user_id, email, 2 - missing)


async def confirm_half(connection: Connection, user_id: UUID) -> None:
    await connection.execute(statement("confirm_half"), user_id)


async def change_email(connection: Connection, user_id: UUID, email: str) -> None:
    """The user's address, and that of the identity that is an address."""
    await connection.execute(statement("change_email"), user_id, email)
    await connection.execute(statement("change_email_identity"), user_id, email)


async def mark_sent(connection: Connection, user_id: UUID, purposes: Iterable[str]) -> None:
    for purpose in purposes:
        await connection.execute(statement("mark_sent"), user_id, purpose)


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value)).decode()
