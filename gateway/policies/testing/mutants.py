"""Everything that could be wrong with a set in a small way: a condition dropped or turned round, a policy or a grant
missing, a column list forgotten. Pure. Tests that are worth something notice each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from gateway.policies import expressions
from gateway.policies.database import State
from gateway.policies.database.state import PolicyState
from gateway.policies.expressions import NotUnderstood, clauses
from gateway.policies.model import VERBS, Expression, PolicySet, QualifiedName, RowPolicy
from gateway.policies.plan import Compiled, CompiledPolicy, CompiledTable, compile_set
from gateway.policies.plan.changes import Change, ChangePolicy, DropPolicy, Grant, Revoke
from gateway.policies.plan.compiled import CompiledExpression
from gateway.policies.plan.ddl import statements
from gateway.policies.problems import Place

Part = Literal["using", "check"]
_PARTS: Final[tuple[Part, ...]] = ("using", "check")
_TRUE: Final = re.compile(r"\s*true\b")


class Replaced(NamedTuple):
    """SQL of a policy's condition before and after, as PostgreSQL is given it."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to what is in force on `table`.

    `subject` is the policy or grant, `part` where in it (`using`, `check` or nothing), `change` what was done. `verb`
    is one of the four or `all`; `roles` are whom it is about. `columns` are those that a grant has too many. `repeats`
    is true for an update's check that is the same as its `using`, if the change only makes it hold more often.
    """

    table: QualifiedName
    subject: str
    part: str
    change: str
    place: Place
    verb: str
    roles: tuple[str, ...]
    statements: tuple[str, ...]
    replaced: Replaced | None = None
    repeats: bool = False
    columns: frozenset[str] | None = None

    @property
    def is_of_grant(self) -> bool:
        return self.replaced is None and self.subject.startswith("grant ")

    def __str__(self) -> str:
        part = f" {self.part}" if self.part else ""
        return f"{self.place}: {self.table} {self.subject}{part}: {self.change}"


def mutants_of(policy_set: PolicySet, compiled: Compiled, state: State) -> Iterator[Mutant]:
    """All of them, table by table."""
    source = _Source(policy_set, state)
    for table in compiled.tables:
        if table.rules.row_security:
            for policy in table.policies:
                for part in _PARTS:
                    yield from source.conditions(table, policy, part)
                yield _dropped(table, policy)
        yield from _grants(table)


@dataclass(frozen=True, slots=True)
class _Source:
    """What a policy has to be compiled again with."""

    policy_set: PolicySet
    state: State

    def conditions(self, table: CompiledTable, policy: CompiledPolicy, part: Part) -> Iterator[Mutant]:
        compiled: CompiledExpression | None = getattr(policy, part)
        if compiled is None:
            return
        original = compiled.origin
        for mutant in _mutants(original.text):
            row = _with(policy.origin, part, replace(original, text=mutant.text))
            mutated = self._compiled(table, policy.name, row)
            after: CompiledExpression = getattr(mutated, part)
            yield Mutant(
                table.relation.name,
                f"policy {policy.name}",
                part,
                mutant.description,
                original.place(mutant.start),
                policy.verb,
                policy.roles,
                _sql(ChangePolicy(table.relation.name, _state(policy), mutated, in_place=True)),
                Replaced(compiled.sql, after.sql),
                _repeats(policy, part) and _is_weaker(original.text, mutant),
            )

    def _compiled(self, table: CompiledTable, name: str, row: RowPolicy) -> CompiledPolicy:
        """The policy `name` that `row` becomes, compiled as the whole set is."""
        alone = replace(self.policy_set, tables=(replace(table.rules, rows=(row,)),), functions=(), probes=())
        (again,) = compile_set(alone, replace(self.state, relations={table.relation.name: table.relation})).tables
        return next(policy for policy in again.policies if policy.name == name)


def _mutants(text: str) -> tuple[expressions.Mutant, ...]:
    try:
        return expressions.mutants(text)
    except NotUnderstood:
        # PostgreSQL understands it, so something can be done to the whole.
        changes = {"true": "made true", "false": "made false", f"not ({text}\n)": "negated"}
        return tuple(expressions.Mutant(sql, f"all of it {said}", 0, len(text)) for sql, said in changes.items())


def _repeats(policy: CompiledPolicy, part: Part) -> bool:
    if part != "check" or policy.verb != "update" or policy.using is None or policy.check is None:
        return False
    return policy.using.sql == policy.check.sql


def _is_weaker(text: str, mutant: expressions.Mutant) -> bool:
    """Whether the mutant holds wherever `text` does: all of it, or one of the conditions that it joins by AND, became
    true."""
    try:
        whole = clauses(text)
    except NotUnderstood:
        return mutant.text == "true"
    for clause in (whole, *(whole.parts if whole.kind == "and" else ())):
        if (clause.start, clause.end) == (mutant.start, mutant.end):
            return _TRUE.match(mutant.text, clause.outer_start) is not None
    return False


def _with(row: RowPolicy, part: Part, expression: Expression) -> RowPolicy:
    if part == "check" and row.check is not None:
        return replace(row, check=expression)
    # What an insert is checked by may be written as `using`.
    return replace(row, using=expression)


def _dropped(table: CompiledTable, policy: CompiledPolicy) -> Mutant:
    name = table.relation.name
    sql = _sql(DropPolicy(name, _state(policy)))
    return Mutant(name, f"policy {policy.name}", "", "dropped", policy.origin.place, policy.verb, policy.roles, sql)


def _grants(table: CompiledTable) -> Iterator[Mutant]:
    """Privileges that no probe can try are left out."""
    name = table.relation.name
    for grant in table.rules.grants:
        if grant.privilege not in VERBS:
            continue
        mutant = Mutant(
            name,
            f"grant {grant.privilege} to {grant.role}",
            "",
            "dropped",
            grant.place,
            grant.privilege,
            (grant.role,),
            _sql(Revoke(name, grant.role, grant.privilege, grant.columns)),
        )
        yield mutant
        others = frozenset(table.relation.columns) - (grant.columns or frozenset())
        if grant.columns is not None and others:
            sql = _sql(Grant(name, grant.role, grant.privilege, None))
            yield replace(mutant, change="widened to all columns", statements=sql, columns=others)


def _state(policy: CompiledPolicy) -> PolicyState:
    return PolicyState(policy.name, policy.verb, policy.permissive, policy.roles, None, None)


def _sql(change: Change) -> tuple[str, ...]:
    return tuple(statements(change))
