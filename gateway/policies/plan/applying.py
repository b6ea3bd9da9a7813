"""Applies a set in one transaction: all of it, or nothing. The only file that changes a database.

Whoever applies takes an advisory lock first and plans under it, so two admins never mix: the second waits, and is
refused if it had seen another plan. After the last statement the database is read again, and must then enforce what the
files say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import resources
from typing import Final

import asyncpg

from gateway.policies.database import PRINTING, kept, read_state, search
from gateway.policies.model import PolicySet
from gateway.policies.plan.changes import Change, Loss
from gateway.policies.plan.compiled import compile_set
from gateway.policies.plan.ddl import statements
from gateway.policies.plan.diff import changes
from gateway.policies.plan.errors import (
    Interrupted,
    Locked,
    LossRefused,
    NotAchieved,
    NotInstalled,
    OutcomeUnknown,
    PlanOutdated,
    StatementFailed,
)
from gateway.policies.plan.identities import identities
from gateway.policies.plan.planning import Connection, Plan, make_plan
from gateway.policies.plan.rules import rules_document
from gateway.policies.plan.touches import Touches
from gateway.policies.plan.tracking import read_touches
from gateway.policies.plan.words import by_subject, lines

_LOCK_KEY: Final = 31639471770006893
_ATTEMPTS: Final = 5
_PAUSE: Final = 0.5
_LOCKED: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
_BROKEN: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    OSError,
)
"""What says nothing about a statement."""


@dataclass(frozen=True, slots=True)
class Application:
    """What was asked for: `expected` is the digest of the plan that was looked at, None for whatever it is now.
    `person` is who says so, for the audit table. Each lock is waited for `lock_timeout` long, and all of it is tried
    again a few times. `rewrite` is that of `examine`."""

    policy_set: PolicySet
    person: str
    expected: str | None = None
    allow: Collection[Loss] = ()
    lock_timeout: timedelta = timedelta(seconds=2)
    rewrite: bool = False


async def apply(connection: Connection, application: Application) -> Plan:
    """Make the database enforce the files, and return what was done. The connection must not be in a transaction.
    Nothing to do for files that were applied last leaves no record.

    Raises PolicyError for files that do not fit, an ApplyError for everything else; nothing was changed then.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await _attempt(connection, application)
        except _LOCKED as reason:
            if attempt == _ATTEMPTS:
                raise Locked(f"gave up after {attempt} attempts: {reason}. Find the session in pg_locks.") from reason
            # Sessions that queue behind our lock requests get through while we wait.
            await asyncio.sleep(_PAUSE * attempt)
        except _BROKEN as reason:
            raise Interrupted(f"the database failed; nothing was changed: {reason}") from reason
        except asyncpg.PostgresError as reason:
            raise StatementFailed(f"PostgreSQL refused; nothing was changed: {reason}") from reason
    raise AssertionError


async def _attempt(connection: Connection, application: Application) -> Plan:
    transaction = connection.transaction(isolation="read_committed")
    await transaction.start()
    try:
        plan = await enforce(connection, application, touches=True)
        if plan.changes or plan.state.applied is None or plan.state.applied.digest != plan.policy_set.digest:
            await _record(connection, plan, application.person)
    except BaseException:
        if not connection.is_closed():
            await transaction.rollback()
        raise
    try:
        await transaction.commit()
    except _BROKEN as reason:
        raise OutcomeUnknown from reason
    return plan


async def enforce(connection: Connection, application: Application, *, touches: bool = False) -> Plan:
    """The same within the caller's transaction, and without a record of it: for tests, which roll it back. They need no
    triggers for the cache, which are made only for `touches`."""
    # Nothing that others may have put into the owner's search path is run on the way.
    await search(connection, PRINTING)
    milliseconds = int(application.lock_timeout.total_seconds() * 1000)
    await connection.execute("select set_config('lock_timeout', $1, true)", str(milliseconds))
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK_KEY)
    plan = await make_plan(connection, application.policy_set, rewrite=application.rewrite, touches=touches)
    if application.expected is not None and plan.digest != application.expected:
        raise PlanOutdated(application.expected, plan.digest)
    _require_allowed(plan, application.allow)
    await search(connection, (*application.policy_set.defaults.search_path, "pg_temp"))
    for change in plan.rules:
        for statement in statements(change):
            await _execute(connection, statement)
    await search(connection, PRINTING)
    await _verify(connection, plan)
    return await _track(connection, plan) if touches else plan


async def _track(connection: Connection, plan: Plan) -> Plan:
    """Make the triggers for the cache that the rules need which are now in force. One that cannot be made is no reason
    to leave the old rules: answers are then not kept."""
    needed = plan.touches
    if plan.rules:
        needed = await read_touches(connection, plan.policy_set, plan.compiled, plan.state)
    made: list[Change] = []
    notes = list(needed.notes)
    for table, changes_ in by_subject(needed.changes).items():
        try:
            async with kept(connection):
                for change in changes_:
                    for statement in statements(change):
                        await _execute(connection, statement)
        except StatementFailed as reason:
            notes.append(f"Changes of {table} cannot be recorded, so `cache` has no effect for what reads it: {reason}")
        else:
            made += changes_
    return replace(plan, touches=Touches(tuple(made), tuple(notes)))


def _require_allowed(plan: Plan, allow: Collection[Loss]) -> None:
    refused = [change for change in plan.changes if change.loss is not None and change.loss not in allow]
    if refused:
        raise LossRefused({change.loss for change in refused if change.loss is not None}, lines(refused))


async def _execute(connection: Connection, statement: str) -> None:
    try:
        # fetch() goes by the extended protocol, which refuses a second statement; execute() would not.
        await connection.fetch(statement)
    except (*_LOCKED, *_BROKEN):
        raise
    except asyncpg.PostgresError as reason:
        raise StatementFailed(f"PostgreSQL refused `{statement}`: {reason}") from reason


async def _verify(connection: Connection, plan: Plan) -> None:
    """Another session's DDL may have come in between, and a grant by somebody else than the owner stays."""
    signatures = [rules.signature for rules in plan.policy_set.functions]
    state = await read_state(connection, signatures, plan.policy_set.defaults.search_path)
    compiled = await asyncio.to_thread(compile_set, plan.policy_set, state)
    left = changes(compiled, state, plan.texts)
    if left:
        raise NotAchieved("after every statement this was still missing; nothing was kept:\n" + "\n".join(lines(left)))


async def _record(connection: Connection, plan: Plan, person: str) -> None:
    try:
        await connection.execute(
            resources.files("gateway.policies.plan").joinpath("record.sql").read_text("utf-8"),
            person,
            plan.policy_set.digest,
            plan.digest,
            list(plan.policy_set.files),
            sorted(identities(plan.compiled)),
            lines(plan.changes),
            list(plan.statements),
            json.dumps(rules_document(plan.compiled)),
        )
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as reason:
        raise NotInstalled from reason
