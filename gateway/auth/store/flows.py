"""Sign-ins that began in a browser and end there, with a code that only that browser can exchange (PKCE)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from gateway.auth.body import CodeChallenge
from gateway.auth.store.connection import Connection
from gateway.auth.store.sql import statement


@dataclass(frozen=True, slots=True)
class Flow:
    """One whose code was presented. `attempts` counts this time too."""

    id: UUID
    user_id: UUID
    method: str
    challenge: CodeChallenge
    attempts: int
    valid: bool


async def insert(  # noqa: PLR0917 - the columns of a row
    connection: Connection,
    flow_id: UUID,
    method: str,
    redirect_to: str,
    challenge: CodeChallenge | None,
    user_id: UUID | None,
    seconds: float,
) -> None:
    await connection.execute(
        statement("insert_flow"),
        flow_id,
        method,
        redirect_to,
        challenge.challenge if challenge else None,
        challenge.method if challenge else None,
        user_id,
        seconds,
    )


async def give_code(  # noqa: PLR0917 - as above
    connection: Connection, flow_id: UUID, user_id: UUID, code: str, method: str, seconds: float
) -> bool:
    """Let the flow end with a code (its MAC) for that user. False if there is no such flow any more."""
    found = await connection.fetchval(statement("give_auth_code"), flow_id, user_id, code, seconds, method)
    return found is not None


async def of_code(connection: Connection, code: str) -> Flow | None:
    """The flow that ended with the code (its MAC); each look is an attempt."""
    row = await connection.fetchrow(statement("flow_by_code"), code)
    if row is None or row["user_id"] is None or row["code_challenge"] is None:
        return None
    challenge = CodeChallenge(row["code_challenge"], row["code_challenge_method"])
    return Flow(row["id"], row["user_id"], row["method"], challenge, row["attempts"], row["valid"])


async def use(connection: Connection, flow_id: UUID) -> bool:
    """Of two who come with its code one gets it."""
    return bool(await connection.fetchval(statement("use_flow"), flow_id))
