"""The notes of `notes.sql`, policy files for them, and tests of those files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gateway.policies import PolicySet, read_set
from gateway.policies.testing import Report, Result, run_tests
from tests.policies.conftest import WriteFiles

HERE = Path(__file__).parent

DEFAULTS = """
schemas: [public]
roles: [anon, authenticated]
personas:
  visitor: { role: anon }
  marie: { role: authenticated, sub: 11111111-1111-4111-8111-111111111111 }
  karim: { role: authenticated, sub: 22222222-2222-4222-8222-222222222222 }
  nobody_yet: { role: authenticated, sub: 99999999-9999-4999-8999-999999999999 }
"""
SHARES = """
table: public.shares
grants:
  authenticated: { select: all, insert: all, delete: all }
rows:
  - { name: to_me, to: authenticated, for: select, using: reader = auth.uid() }
"""
OTHERS = {
    "titles.yaml": "table: public.titles\ngrants: { authenticated: { select: all, update: all } }\n",
    "events.yaml": """
        table: public.events
        grants: { authenticated: { select: all, update: all, delete: all } }
        rows: [{ name: own, to: authenticated, for: all, using: owner = auth.uid(), check: owner = auth.uid() }]
        """,
    "pins.yaml": """
        table: public.pins
        grants: { authenticated: { select: all, insert: all } }
        rows: [{ name: everybody, to: authenticated, for: [select, insert], using: true }]
        """,
    "boxes.yaml": "table: attic.boxes\nrow_security: false\n"
    "grants: { anon: { select: all, delete: all }, authenticated: { select: all, delete: all } }\n",
    "functions.yaml": """
        functions:
          - { function: 'public.add(integer, integer)', execute: [authenticated] }
          - { function: public.mine(), execute: [authenticated] }
          - { function: public.fail(text), execute: [authenticated] }
          - { function: public.become_somebody_else(), execute: [anon, authenticated] }
        """,
}

WriteSet = Callable[..., PolicySet]
Try = Callable[..., Awaitable[list[Result]]]


@pytest_asyncio.fixture
async def notes(policy_database: str, owner: asyncpg.Connection) -> str:
    """The owner's connection string of a database with the notes; nobody is connected to it."""
    await owner.execute((HERE / "notes.sql").read_text("utf-8"))
    await owner.close()
    return policy_database


@pytest.fixture
def write_set(files: WriteFiles) -> WriteSet:
    """`write_set(tests, {"notes.yaml": …})`: the set for the notes with these tests, some of its files replaced."""

    def write(tests: str = "", changed: Mapping[str, str] | None = None) -> PolicySet:
        documents = {
            "defaults.yaml": DEFAULTS,
            "notes.yaml": (HERE / "notes.yaml").read_text("utf-8"),
            "shares.yaml": SHARES,
            **OTHERS,
            **(changed or {}),
        }
        return read_set(files({**documents, **({"tests/all.yaml": tests} if tests else {})}))

    return write


@pytest.fixture
def attempt(notes: str, write_set: WriteSet) -> Try:
    """`await attempt(tests)`: the results of these tests, by place."""

    async def attempt(tests: str, changed: Mapping[str, str] | None = None) -> list[Result]:
        policy_set = write_set(tests, changed)
        report: Report = await run_tests(notes, policy_set, policy_set.probes)
        assert report.note is None
        return list(report.results)

    return attempt
