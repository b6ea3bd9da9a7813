"""Policy files resolved against a database: which PostgreSQL policies and grants they ask for. Pure.

Only one thing is changed about an expression: STABLE calls without column arguments become scalar subqueries, so that
they run once for a statement instead of once for a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.policies.database.state import Columns, FunctionState, RelationState, State
from gateway.policies.expressions import NotUnderstood, wrap
from gateway.policies.model import (
    PUBLIC,
    VERBS,
    Expression,
    FunctionRules,
    PolicySet,
    QualifiedName,
    RowPolicy,
    TableRules,
)
from gateway.policies.plan.misfits import listed_twice, misplaced, no_function, no_relation, unknown_roles
from gateway.policies.problems import Problem, error

ALL: Final = "all"
_CALLABLE: Final = ("f", "p")


@dataclass(frozen=True, slots=True)
class CompiledExpression:
    """`sql` is what PostgreSQL is given, `origin` what the files say."""

    sql: str
    origin: Expression


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """One PostgreSQL policy. `verb` is one of the four or `all`; `roles` are sorted."""

    name: str
    verb: str
    permissive: bool
    roles: tuple[str, ...]
    using: CompiledExpression | None
    check: CompiledExpression | None
    origin: RowPolicy


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """What a file asks for on one relation of the database."""

    rules: TableRules
    relation: RelationState
    policies: tuple[CompiledPolicy, ...]
    grants: Mapping[tuple[str, str], Columns]


@dataclass(frozen=True, slots=True)
class CompiledFunction:
    """Who of the ruled roles may execute a function. `rules` is None where no file lists it."""

    function: FunctionState
    execute: frozenset[str]
    rules: FunctionRules | None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A set against a database. `unlisted` are relations that no file names, in schemas that the set rules."""

    tables: tuple[CompiledTable, ...]
    functions: tuple[CompiledFunction, ...]
    unlisted: tuple[RelationState, ...]
    roles: frozenset[str]
    problems: tuple[Problem, ...] = ()
    expressions: tuple[tuple[QualifiedName, CompiledExpression], ...] = field(default=())


def compile_set(policy_set: PolicySet, state: State) -> Compiled:
    """Everything that can be said before PostgreSQL has judged the expressions; `problems` names what does not fit."""
    stable = _Stable(state, policy_set.defaults.search_path)
    roles = frozenset({*policy_set.defaults.roles, PUBLIC})
    problems: list[Problem] = list(unknown_roles(policy_set, state))
    tables: list[CompiledTable] = []
    for rules in policy_set.tables:
        relation = state.relations.get(rules.table)
        if relation is None:
            problems.append(no_relation(rules, state))
            continue
        problems += misplaced(rules, relation)
        try:
            policies = tuple(_policies(rules, stable)) if relation.is_table else ()
        except _Unreadable as fault:
            problems.append(fault.problem)
            continue
        tables.append(CompiledTable(rules, relation, policies, _grants(rules)))
    functions, faults = _functions(policy_set, state)
    named = {rules.table for rules in policy_set.tables}
    unlisted = [
        relation
        for name, relation in sorted(state.relations.items())
        if name.schema in policy_set.defaults.schemas and name not in named and relation.extension is None
    ]
    expressions = [
        (table.relation.name, expression)
        for table in tables
        for policy in table.policies
        for expression in (policy.using, policy.check)
        if expression is not None
    ]
    return Compiled(
        tuple(tables), functions, tuple(unlisted), roles, (*problems, *faults), tuple(dict.fromkeys(expressions))
    )


def policy_names(policy: RowPolicy) -> Iterator[tuple[str, str]]:
    """The name and the verb (or `all`) of each PostgreSQL policy that an entry of `rows` becomes."""
    if set(policy.verbs) == set(VERBS):
        yield policy.name, ALL
    elif len(policy.verbs) == 1:
        yield policy.name, policy.verbs[0]
    else:
        yield from ((f"{policy.name}_{verb}", verb) for verb in policy.verbs)


class _Stable:
    """Whether a call by name runs a STABLE function, in every overload that it could mean."""

    def __init__(self, state: State, search_path: Iterable[str]) -> None:
        self._built_in = state.built_in_stable
        self._path = tuple(search_path)
        self._functions: dict[QualifiedName, list[FunctionState]] = defaultdict(list)
        for function in state.functions.values():
            self._functions[function.name].append(function)

    def __call__(self, schema: str | None, name: str, _: int) -> bool:
        if schema == "pg_catalog" or (schema is None and name in self._built_in):
            return name in self._built_in
        schemas = (schema,) if schema is not None else self._path
        found = [function for place in schemas for function in self._functions.get(QualifiedName(place, name), ())]
        return bool(found) and all(function.volatility == "s" and not function.returns_set for function in found)


def _policies(rules: TableRules, stable: _Stable) -> Iterator[CompiledPolicy]:
    for row in rules.rows:
        using, check = _compiled(row.using, stable), _compiled(row.check, stable)
        for name, verb in policy_names(row):
            yield CompiledPolicy(
                name,
                verb,
                not row.restrictive,
                # PostgreSQL forgets the others, too.
                (PUBLIC,) if PUBLIC in row.roles else tuple(sorted(set(row.roles))),
                using if verb != "insert" else None,
                (check or using if verb == "insert" else check) if verb in ("insert", "update", ALL) else None,
                row,
            )


def _compiled(expression: Expression | None, stable: _Stable) -> CompiledExpression | None:
    if expression is None:
        return None
    try:
        return CompiledExpression(wrap(expression.text, stable), expression)
    except NotUnderstood as fault:
        place = expression.place(fault.offset)
        raise _Unreadable(error("P311", f"the expression {fault}", place, fix="Write it another way.")) from fault


class _Unreadable(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _grants(rules: TableRules) -> Mapping[tuple[str, str], Columns]:
    return {(grant.role, grant.privilege): grant.columns for grant in rules.grants}


def _functions(policy_set: PolicySet, state: State) -> tuple[tuple[CompiledFunction, ...], list[Problem]]:
    problems: list[Problem] = []
    listed: dict[int, CompiledFunction] = {}
    for rules in policy_set.functions:
        oid = state.resolved.get(rules.signature)
        function = state.functions.get(oid) if oid is not None else None
        if function is None:
            problems.append(no_function(rules, state))
        elif function.oid in listed:
            problems.append(listed_twice(rules, function))
        else:
            listed[function.oid] = CompiledFunction(function, rules.execute, rules)
    unlisted = [
        CompiledFunction(function, frozenset(), None)
        for function in state.functions.values()
        if function.name.schema in policy_set.defaults.schemas
        and function.oid not in listed
        and function.extension is None
        and function.kind in _CALLABLE
        and not function.is_trigger
    ]
    found = sorted([*listed.values(), *unlisted], key=lambda compiled: compiled.function.signature)
    return tuple(found), problems
