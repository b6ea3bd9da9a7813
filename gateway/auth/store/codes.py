"""Codes and links that were sent and not used yet, as MACs (see `tokens.codes`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from gateway.auth.store.connection import Connection
from gateway.auth.store.sql import statement


@dataclass(frozen=True, slots=True)
class KeptCode:
    """`code` and `link` are MACs; `flow_id` is that of the browser's flow that asked for it."""

    user_id: UUID
    purpose: str
    relates_to: str
    code: str
    link: str
    flow_id: UUID | None = None


async def keep(connection: Connection, kept: KeptCode, *, seconds: float, gap: float) -> float | None:
    """Put it in the place of the last one for that purpose. None if it is there now, else the seconds until another may
    be sent: only one in `gap` is."""
    if await connection.fetchval(
        statement("keep_code"),
        kept.user_id,
        kept.purpose,
        kept.relates_to,
        kept.code,
        kept.link,
        kept.flow_id,
        seconds,
        gap,
    ):
        return None
    age = await connection.fetchval(statement("code_gap"), kept.user_id, kept.purpose)
    return max(0.0, gap - (age or 0.0))


async def of_address(connection: Connection, address: str, purposes: Sequence[str], attempts: int) -> list[KeptCode]:
    """The codes that were sent there for one of these purposes; each look is one of so many attempts."""
    rows = await connection.fetch(statement("code_by_address"), address, list(purposes), attempts)
    return [KeptCode(row["user_id"], row["purpose"], address, row["code"], row["link"], row["flow_id"]) for row in rows]


async def of_link(connection: Connection, links: Sequence[str]) -> KeptCode | None:
    """The one whose link has one of these MACs."""
    row = await connection.fetchrow(statement("code_by_link"), list(links))
    if row is None:
        return None
    return KeptCode(row["user_id"], row["purpose"], row["relates_to"], "", row["link"], row["flow_id"])


async def use(connection: Connection, code: KeptCode) -> bool:
    """Whether it was still there; all others of the user go with it."""
    if not await use_one(connection, code):
        return False
    await forget(connection, code.user_id)
    return True


async def use_one(connection: Connection, code: KeptCode) -> bool:
    """The same, and all others stay."""
    return bool(await connection.fetchval(statement("use_code"), code.user_id, code.purpose, code.link))


async def forget(connection: Connection, user_id: UUID) -> None:
    await connection.execute(statement("forget_codes"), user_id)
