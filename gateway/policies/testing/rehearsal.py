"""A set in force on a connection for as long as it takes to try it: in a transaction that is always rolled back."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from gateway.policies.model import PolicySet
from gateway.policies.plan import Application, Loss, Plan, enforce
from gateway.policies.testing.runner import Runner
from gateway.policies.testing.session import Session
from gateway.policies.testing.surroundings import Connection, read_surroundings

_PERSON: Final = "passerelle policies test"
_STATEMENT_TIMEOUT: Final = "set local statement_timeout = '10s'"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was put in force, and what runs probes on it."""

    plan: Plan
    runner: Runner

    @property
    def session(self) -> Session:
        return self.runner.session


@asynccontextmanager
async def rehearsal(connection: Connection, policy_set: PolicySet) -> AsyncGenerator[Rehearsal]:
    """Raises PolicyError for files that do not fit the database, an ApplyError or what asyncpg raises otherwise."""
    await connection.execute("begin isolation level read committed")
    try:
        plan = await enforce(connection, Application(policy_set, _PERSON, allow=frozenset(Loss)))
        await connection.execute(_STATEMENT_TIMEOUT)
        surroundings = await read_surroundings(connection, policy_set.probes)
        yield Rehearsal(plan, Runner(Session(connection, policy_set.defaults.search_path), surroundings))
    finally:
        if not connection.is_closed():
            await connection.execute("rollback")
