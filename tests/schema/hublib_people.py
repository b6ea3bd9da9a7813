"""The people of the demonstration data, and acting as one of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

MARIE = "11111111-1111-4111-8111-111111111111"
KARIM = "22222222-2222-4222-8222-222222222222"
ADMIN = "33333333-3333-4333-8333-333333333333"


def seeded(kind: int, number: int) -> str:
    """The id of a demonstration row, as hublib.seed_id makes it."""
    return f"{kind}0000000-0000-4000-8000-{number:012d}"


PEOPLE = {
    "marie": MARIE,
    "karim": KARIM,
    "admin": ADMIN,
    "marie-2": seeded(1, 4),
    "member": seeded(1, 38),
    "expired admin": seeded(1, 5),
    "super admin": seeded(1, 60),
    "stranger": "99999999-9999-4999-8999-999999999999",
}


@dataclass
class Application:
    """One connection; between `acting` blocks it is the owner's."""

    owner: asyncpg.Connection

    @asynccontextmanager
    async def acting(self, who: str) -> AsyncIterator[asyncpg.Connection]:
        """Be somebody: `anon`, `service_role`, or a signed-in person by name."""
        role = who if who in ("anon", "service_role") else "authenticated"
        claims = {"role": role} | ({"sub": PEOPLE[who]} if role == "authenticated" else {})
        await self.owner.execute("select set_config('request.jwt.claims', $1, false)", json.dumps(claims))
        await self.owner.execute(f"set role {role}")
        try:
            yield self.owner
        finally:
            await self.owner.execute("reset role; reset request.jwt.claims")
