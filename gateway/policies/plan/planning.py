"""Files and a database -> a plan. Reads only: what it makes to ask PostgreSQL is undone before it returns."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import asyncpg

from gateway.policies.database import State, Verdict, Wanted, judge, read_state, state_digest
from gateway.policies.model import PolicySet, QualifiedName
from gateway.policies.plan.captures import can_capture
from gateway.policies.plan.changes import Change, Loss
from gateway.policies.plan.compiled import Compiled, CompiledExpression, compile_set
from gateway.policies.plan.ddl import statements
from gateway.policies.plan.diff import Texts, changes, enforces
from gateway.policies.plan.touches import Touches
from gateway.policies.plan.tracking import keeps_answers, read_touches
from gateway.policies.problems import PolicyError, Problem, Severity, error

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_LATER: Final = "Which triggers the cache needs is looked at again when these changes are made: they may be more."


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, and to what. `digest` names files, state and statements together: the same digest is the
    same plan. `rules` are changes to what is enforced. `touches` are the triggers for the cache that the database needs
    as it is: which ones it needs with other rules is not known before these are made."""

    policy_set: PolicySet
    state: State
    compiled: Compiled
    texts: Texts
    rules: tuple[Change, ...]
    digest: str
    remarks: tuple[str, ...] = ()
    touches: Touches = field(default_factory=Touches)

    @property
    def changes(self) -> tuple[Change, ...]:
        """In the order to make them."""
        return (*self.rules, *self.touches.changes)

    @property
    def notes(self) -> tuple[str, ...]:
        """Things to know that are no changes."""
        return (*self.remarks, *self.touches.notes)

    @property
    def statements(self) -> tuple[str, ...]:
        return tuple(statement for change in self.changes for statement in statements(change))

    @property
    def losses(self) -> frozenset[Loss]:
        """What `--allow` must name."""
        return frozenset(change.loss for change in self.changes if change.loss is not None)


@dataclass(frozen=True, slots=True)
class Examined:
    """A set held against a database: what it compiles to, and everything PostgreSQL says against it."""

    state: State
    compiled: Compiled
    texts: Texts
    problems: tuple[Problem, ...]


async def examine(connection: Connection, policy_set: PolicySet, *, rewrite: bool = False) -> Examined:
    """Resolve a set and let PostgreSQL judge every expression. Problems are collected, not raised.

    A policy that exists and differs only in calls that are not wrapped counts as equal, unless `rewrite`.
    """
    path = policy_set.defaults.search_path
    signatures = [rules.signature for rules in policy_set.functions]
    state = await read_state(connection, signatures, path)
    # In a thread, so that requests go on being served.
    compiled = await asyncio.to_thread(compile_set, policy_set, state)
    wanted = {(relation, expression): Wanted(relation, expression.sql) for relation, expression in compiled.expressions}
    verdicts = await judge(connection, wanted.values(), path)
    texts = dict(_texts(verdicts))
    refused = {key: want for key, want in wanted.items() if verdicts[want].text is None}
    # Wrapping moves positions: ask again about the text of the file.
    plain = {key: Wanted(key[0], key[1].origin.text) for key in refused}
    again = await judge(connection, plain.values(), path)
    # What PostgreSQL prints without a schema is its own, and read back so unless the path puts others in front.
    if not rewrite and "pg_catalog" not in path:
        texts |= dict(_texts(await judge(connection, _unwrapped(compiled, texts), path)))
    problems = [_refusal(key[1], again[want], verdicts[refused[key]]) for key, want in plain.items()]
    return Examined(state, compiled, texts, (*compiled.problems, *problems))


def _unwrapped(compiled: Compiled, texts: Texts) -> Iterator[Wanted]:
    """The expressions of policies that exist and are not in force as compiled, as the files have them."""
    for table in compiled.tables:
        present = {policy.name: policy for policy in table.relation.policies}
        for policy in table.policies:
            expressions = [each for each in (policy.using, policy.check) if each is not None]
            before = present.get(policy.name)
            if (
                before is not None
                and all((table.relation.name, each.sql) in texts for each in expressions)
                and not enforces(before, policy, table.relation.name, texts)
            ):
                yield from (Wanted(table.relation.name, each.origin.text) for each in expressions)


async def make_plan(
    connection: Connection, policy_set: PolicySet, *, rewrite: bool = False, touches: bool = True
) -> Plan:
    """What `apply` would do now; without `touches`, leaving the triggers for the cache aside. Raises PolicyError if the
    files do not fit the database."""
    examined = await examine(connection, policy_set, rewrite=rewrite)
    errors = [problem for problem in examined.problems if problem.severity is Severity.ERROR]
    if errors:
        raise PolicyError(errors)
    found = await read_touches(connection, policy_set, examined.compiled, examined.state) if touches else Touches()
    return await asyncio.to_thread(plan_of, policy_set, examined, found)


def plan_of(policy_set: PolicySet, examined: Examined, touches: Touches | None = None) -> Plan:
    """The plan for a set without errors."""
    touches = touches or Touches()
    rules = changes(examined.compiled, examined.state, examined.texts)
    return Plan(
        policy_set,
        examined.state,
        examined.compiled,
        examined.texts,
        rules,
        _digest(policy_set, examined, (*rules, *touches.changes)),
        (*_notes(examined), *([_LATER] if rules and keeps_answers(examined.compiled) else [])),
        touches,
    )


def ruled_digest(compiled: Compiled, state: State) -> str:
    """A digest of exactly what the files rule, as the database has it."""
    relations = [*(table.relation.name for table in compiled.tables), *(each.name for each in compiled.unlisted)]
    functions = [each.function.oid for each in compiled.functions]
    return state_digest(state, relations, functions, compiled.roles)


def _digest(policy_set: PolicySet, examined: Examined, steps: Iterable[Change]) -> str:
    digest = hashlib.sha256(policy_set.digest.encode())
    digest.update(ruled_digest(examined.compiled, examined.state).encode())
    for change in steps:
        for statement in statements(change):
            digest.update(b"\0" + statement.encode())
    return digest.hexdigest()[:16]


def _texts(verdicts: Mapping[Wanted, Verdict]) -> Iterator[tuple[tuple[QualifiedName, str], str]]:
    for want, verdict in verdicts.items():
        if verdict.text is not None:
            yield (want.relation, want.expression), verdict.text


def _refusal(expression: CompiledExpression, verdict: Verdict, wrapped: Verdict) -> Problem:
    refusal = verdict.problem or wrapped.problem
    assert refusal is not None
    place = expression.origin.place(refusal.offset or 0)
    return error("P310", f"PostgreSQL refuses the expression: {refusal.message}", place, fix=refusal.hint or "")


def _notes(examined: Examined) -> Iterator[str]:
    recorded = [table for table in examined.compiled.tables if table.rules.realtime]
    if recorded and not can_capture(examined.state):
        yield (
            f"`realtime` of {len(recorded)} tables is noted, but this database has no functions yet that record "
            "changes for it: no triggers are made."
        )
