"""Mutants that no test can notice, because nothing is different: only what can be proved counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import asyncpg

from gateway.database import quote_identifier
from gateway.policies.database import Verdict, Wanted, judge
from gateway.policies.model import VERBS, QualifiedName
from gateway.policies.plan.compiled import ALL
from gateway.policies.testing.mutants import Mutant, Replaced
from gateway.policies.testing.session import Session
from gateway.policies.testing.sql import statement
from gateway.policies.testing.surroundings import Connection
from gateway.sqltext import NotUnderstood, tokens

_BUSY: Final = "55P03"
_SYSTEM_COLUMNS: Final = frozenset({"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"})
_ASKED_BY: Final = {"using": ("select", "update", "delete"), "check": ("insert", "update"), "": VERBS}


async def distinct(connection: Connection, mutants: Iterable[Mutant], search_path: Sequence[str]) -> list[Mutant]:
    """Those that PostgreSQL takes and prints differently from the original and from one another."""
    mutants = list(mutants)
    wanted = {Wanted(each.table, sql) for each in mutants if each.replaced is not None for sql in each.replaced}
    verdicts = await judge(connection, wanted, search_path)
    return list(_distinct(mutants, verdicts))


def _distinct(mutants: Iterable[Mutant], verdicts: Mapping[Wanted, Verdict]) -> Iterator[Mutant]:
    seen: set[tuple[QualifiedName, str, str, str]] = set()
    for mutant in mutants:
        if mutant.replaced is None:
            yield mutant
            continue
        before, after = (verdicts[Wanted(mutant.table, sql)] for sql in mutant.replaced)
        if _is_refused(after) or (after.text is not None and after.text == before.text):
            continue
        identity = (mutant.table, mutant.subject, mutant.part, after.text or mutant.replaced.after)
        if identity not in seen:
            seen.add(identity)
            yield mutant


def _is_refused(verdict: Verdict) -> bool:
    """Whether PostgreSQL will not take it; it may also be that nobody could tell."""
    return verdict.problem is not None and verdict.problem.sqlstate != _BUSY


async def proof(session: Session, mutant: Mutant) -> str | None:
    """Why a mutant that survived changes nothing, if that is certain. The session is the owner's, and the mutant is
    not in force."""
    if mutant.is_of_grant:
        return "the role holds the privilege by another grant" if await _same_privileges(session, mutant) else None
    if not await _may_try(session, mutant):
        return "nobody whom the policy is for holds the privilege"
    if mutant.repeats and await _repeats(session, mutant):
        return "`using` has asked the same about the same values before"
    if mutant.replaced is not None and await _same_plan(session, mutant.replaced, mutant.table):
        return "PostgreSQL simplifies both to the same"
    return None


async def _may_try(session: Session, mutant: Mutant) -> bool:
    verbs = [mutant.verb] if mutant.verb != ALL else _ASKED_BY[mutant.part]
    roles = list(mutant.roles)
    return bool(await session.connection.fetchval(statement("may_try"), *mutant.table, roles, list(verbs)))


async def _repeats(session: Session, mutant: Mutant) -> bool:
    """Whether an update's check cannot fail, because nothing that it depends on can have changed since `using`."""
    assert mutant.replaced is not None
    if _mentions_rows(mutant.replaced.before, mutant.table.name):
        return False
    policy = mutant.subject.removeprefix("policy ")
    return bool(await session.connection.fetchval(statement("repeats"), *mutant.table, policy))


def _mentions_rows(sql: str, table: str) -> bool:
    """Whether a condition may use the row as a whole or what the system says about it, which pg_depend does not know
    of."""
    try:
        found = list(tokens(sql))
    except NotUnderstood:
        return True
    following = (*(token.text for token in found[1:]), "")
    return any(
        token.text == "*" or token.text in _SYSTEM_COLUMNS or (token.text == table and after != ".")
        for token, after in zip(found, following, strict=True)
    )


async def _same_plan(session: Session, replaced: Replaced, table: QualifiedName) -> bool:
    """Whether the planner makes the same of both conditions, constants folded and constraints of the table known."""
    name = ".".join(map(quote_identifier, table))
    plans: list[str] = []
    for sql in replaced:
        asked = f"explain (verbose, costs off, format json) select from {name} where ({sql}\n)"
        try:
            async with session.undone("passerelle_planned"):
                await session.be_owner()
                plans.append(str((await session.command(asked))[0][0]))
        except asyncpg.PostgresConnectionError:
            raise
        except asyncpg.PostgresError:
            return False
    return plans[0] == plans[1]


async def _same_privileges(session: Session, mutant: Mutant) -> bool:
    """Whether the role holds what it held, by PUBLIC or by another role."""
    before = await _privileges(session, mutant)
    async with session.undone("passerelle_granted"):
        for sql in mutant.statements:
            await session.command(sql)
        return await _privileges(session, mutant) == before


async def _privileges(session: Session, mutant: Mutant) -> list[str]:
    (role,) = mutant.roles
    held: list[str] = await session.connection.fetchval(statement("privileges"), *mutant.table, role, mutant.verb)
    return held
