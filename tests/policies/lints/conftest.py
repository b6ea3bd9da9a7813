"""A database in which every case is rolled back, and what lints say in it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest_asyncio
import yaml

from gateway.embedded import EmbeddedPostgres
from gateway.policies.database import read_state
from gateway.policies.lints import lints, lints_of_database
from gateway.policies.model import Defaults, PolicySet
from gateway.policies.plan import Application, Loss, enforce, examine
from gateway.policies.problems import Problem
from tests.policies.files.sets import Files, read

MARIE = "11111111-1111-4111-8111-111111111111"
KARIM = "22222222-2222-4222-8222-222222222222"

Documents = Mapping[str, Mapping[str, Any]]
"""The documents of a set by file name, without `.yaml`."""


def files(documents: Documents) -> Files:
    return {f"{name}.yaml": yaml.safe_dump(dict(document), sort_keys=False) for name, document in documents.items()}


@dataclass(frozen=True)
class Lab:
    """One database. What a case makes in it is gone afterwards."""

    connection: asyncpg.Connection

    @asynccontextmanager
    async def having(self, sql: str) -> AsyncIterator[None]:
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            await self.connection.execute(sql)
            yield
        finally:
            await transaction.rollback()

    async def lint(self, documents: Documents) -> tuple[Problem, ...]:
        """What is said about a set; PostgreSQL must have nothing against it."""
        policy_set = read(files(documents))
        examined = await examine(self.connection, policy_set)
        assert not examined.problems, "\n".join(map(str, examined.problems))
        return lints(policy_set, examined)

    async def lint_database(self) -> tuple[Problem, ...]:
        """What is said about the database alone."""
        state = await read_state(self.connection)
        return lints_of_database(PolicySet(Defaults(), (), (), {}, (), ""), state)

    async def apply(self, documents: Documents) -> None:
        """Make the database enforce a set, inside the case."""
        await enforce(self.connection, Application(read(files(documents)), "test", allow=Loss))

    async def run(self, statement: str, sub: str | None = None, role: str = "") -> Sequence[asyncpg.Record] | str:
        """What somebody gets, or the SQLSTATE of the refusal. Nothing of it stays."""
        role = role or ("authenticated" if sub else "anon")
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            claims = json.dumps({"role": role, **({"sub": sub} if sub else {})})
            await self.connection.execute("select set_config('request.jwt.claims', $1, true)", claims)
            await self.connection.execute(f"set local search_path = public; set local role {role}")
            return await self.connection.fetch(statement)
        except asyncpg.PostgresError as refused:
            return str(refused.sqlstate)
        finally:
            await transaction.rollback()


@pytest_asyncio.fixture(scope="module")
async def lab(postgres: EmbeddedPostgres, _gateway_template: str) -> AsyncIterator[Lab]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute(f'create database policy_lints template "{_gateway_template}" strategy file_copy')
    # Cases make tables of the same names anew.
    connection = await asyncpg.connect(postgres.dsn("policy_lints"), statement_cache_size=0)
    yield Lab(connection)
    await connection.close()
    await administrator.execute("drop database policy_lints with (force)")
    await administrator.close()


def said(problems: Sequence[Problem], code: str) -> list[str]:
    """The messages of one lint."""
    return [problem.message for problem in problems if problem.code == code]
