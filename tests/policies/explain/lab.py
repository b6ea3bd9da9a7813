"""A database to try row security on: random grants and policies on `lab.items`, and random questions about it. The
same seed gives the same."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import asyncpg

from gateway.embedded import EmbeddedPostgres
from gateway.policies.explain import Question
from gateway.policies.model import VERBS, Persona, QualifiedName, Verb

ITEMS = QualifiedName("lab", "items")
ROLES = ("lab_reader", "lab_writer", "lab_person", "lab_guest", "lab_passer")
READABLE = ("id", "owner", "kind", "level", "tags", "Odd name", "twice", "changes")
WRITABLE = ("id", "owner", "kind", "level", "tags", "Odd name")


@asynccontextmanager
async def laboratory(postgres: EmbeddedPostgres, name: str) -> AsyncGenerator[str]:
    """The superuser's connection string of a new database with `lab.sql`."""
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute(f'create database "{name}"')
    connection = await asyncpg.connect(postgres.dsn(name))
    await connection.execute((Path(__file__).parent / "lab.sql").read_text("utf-8"))
    await connection.close()
    yield postgres.dsn(name)
    await administrator.execute(f'drop database "{name}" with (force)')
    await administrator.close()


@asynccontextmanager
async def undone(dsn: str) -> AsyncGenerator[asyncpg.Connection]:
    """A connection in a transaction that is rolled back."""
    connection = await asyncpg.connect(dsn)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


_ATOMS = (
    "owner = lab.me()",
    "owner = (select lab.me())",
    "kind = 'open'",
    "kind in ('open', 'closed')",
    "level > 1",
    "level between 1 and 3",
    "level is null",
    "twice >= 4",
    '"Odd name"',
    'not "Odd name"',
    "hidden.secret_rule(kind)",
    "lab.is_simple(items)",
    "items.* is not null",
    "tags @> '{a}'",
    "'b' = any(tags)",
    "changes = 0",
    "current_user = 'lab_person'",
    "exists (select from lab.shares as s where s.item = items.id)",
    "id in (select item from lab.shares where who = lab.me() or rank > 1)",
    "exists (select 1 from lab.bosses where who = lab.me())",
    "case when level > 2 then kind = 'open' else owner is not null end",
    "coalesce(level, 2) = 2 is true",
    "true",
    "false",
    "null",
)


_RAISING = ("12 / level > 4", "lab.picky(level)", "lab.forbidden()", "exists (select 1 from lab.closed)")


def condition(random: Random, raising: float, depth: int = 3) -> str:
    """SQL of type boolean about a row of `lab.items`; the share `raising` of its parts may raise an error."""
    kind = random.choice(("atom", "or", "or", "and", "not")) if depth else "atom"
    if kind == "atom":
        return random.choice(_RAISING if random.random() < raising else _ATOMS)
    if kind == "not":
        return f"not ({condition(random, raising, depth - 1)})"
    operands = [condition(random, raising, depth - 1) for _ in range(random.randint(2, 3))]
    return f" {kind} ".join(f"({operand})" if random.random() < 0.8 else operand for operand in operands)


def row_security(random: Random, raising: float = 0.05) -> list[str]:
    """Statements that set up grants and policies."""
    return [*_grants(random), *_policies(random, raising)]


def _grants(random: Random) -> list[str]:
    made: list[str] = []
    for verb in VERBS:
        for role in random.sample((*ROLES, "public"), random.randint(2, 4)):
            columns = ""
            if verb != "delete" and random.random() < 0.3:
                known = READABLE if verb == "select" else WRITABLE
                names = random.sample(known, random.randint(1, len(known)))
                columns = " (" + ", ".join(f'"{name}"' for name in names) + ")"
            made.append(f"grant {verb}{columns} on lab.items to {role}")
    return made


def _policies(random: Random, raising: float) -> list[str]:
    made = ["alter table lab.items enable row level security"] if random.random() < 0.95 else []
    for number in range(random.randint(2, 9)):
        verb = random.choice((*VERBS, "all", "all"))
        kind = "restrictive" if random.random() < 0.15 else "permissive"
        roles = ", ".join(random.sample((*ROLES, "public"), random.randint(1, 2)))
        clauses = ""
        if verb != "insert" and random.random() < 0.95:
            clauses += f" using ({condition(random, raising)})"
        if verb in ("insert", "update", "all") and random.random() < 0.6:
            clauses += f" with check ({condition(random, raising)})"
        made.append(f"create policy p{number} on lab.items as {kind} for {verb} to {roles}{clauses}")
    return made


def questions(random: Random, count: int) -> Sequence[Question]:
    """Questions about the rows of `lab.sql`."""
    return [_question(random) for _ in range(count)]


def _question(random: Random) -> Question:
    verb: Verb = random.choice(VERBS)
    role = random.choice(ROLES)
    sub = random.choice(("ann", "bob", "cat", None))
    persona = Persona(f"{role} {sub}", role, {"sub": sub} if sub else {})
    values: dict[str, Any] = {}
    if verb == "insert":
        values = {**_values(random), "id": random.choice((1, 8, 8, 8))}
    elif verb == "update" and random.random() < 0.7:
        values = _values(random)
    key = {"id": random.randint(1, 7)} if verb != "insert" else {}
    return Question(persona, verb, ITEMS, key, values=values)


def _values(random: Random) -> dict[str, Any]:
    possible: dict[str, Sequence[Any]] = {
        "owner": ("ann", "bob", "cat", None),
        "kind": ("open", "closed", "closed", None, "shy", "cursed"),
        "level": (0, 1, 2, 3, 4, None),
        "tags": ([], ["a"], ["a", "b"], None),
        "Odd name": (True, False),
    }
    names = random.sample(sorted(possible), random.randint(1, 3))
    return {name: random.choice(possible[name]) for name in names}
