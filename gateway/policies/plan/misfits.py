"""What files say that a database does not have: roles, tables, columns, functions. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

from gateway.policies.database.state import FunctionState, RelationState, State
from gateway.policies.model import COLUMN_PRIVILEGES, PUBLIC, FunctionRules, PolicySet, TableRules
from gateway.policies.problems import Place, Problem, error

_KINDS: Final = {"v": "view", "m": "materialized view", "f": "foreign table"}


def unknown_roles(policy_set: PolicySet, state: State) -> Iterator[Problem]:
    ruled = {*policy_set.defaults.roles, PUBLIC}
    for rules in policy_set.tables:
        for grant in rules.grants:
            if grant.role not in state.roles and grant.role != PUBLIC:
                yield _no_role(grant.role, grant.place, state)
            elif grant.role not in ruled:
                yield _not_ruled(grant.role, grant.place)
        for row in rules.rows:
            for role in row.roles:
                if role not in state.roles and role != PUBLIC:
                    yield _no_role(role, row.place, state)
    for function in policy_set.functions:
        for role in sorted(function.execute):
            if role not in state.roles and role != PUBLIC:
                yield _no_role(role, function.place, state)
            elif role not in ruled:
                yield _not_ruled(role, function.place)


def _no_role(role: str, place: Place, state: State) -> Problem:
    fix = _similar(role, [*state.roles, PUBLIC]) or f"Create it (create role {role} nologin), or correct the name."
    return error("P302", f"there is no role {role}", place, subject=role, fix=fix)


def _not_ruled(role: str, place: Place) -> Problem:
    fix = f"Add {role} to `roles:` in defaults.yaml; then the files say everything that it may do."
    return error("P303", f"the grants of {role} are not ruled by these files", place, subject=role, fix=fix)


def no_relation(rules: TableRules, state: State) -> Problem:
    fix = _similar(str(rules.table), map(str, state.relations)) or "Create it first, or correct `table:`."
    return error("P301", f"there is no table or view {rules.table}", rules.place, subject=str(rules.table), fix=fix)


def no_function(rules: FunctionRules, state: State) -> Problem:
    fix = (
        _similar(rules.signature, [function.signature for function in state.functions.values()])
        or "Create it first, or correct the signature: `schema.name(type, type)`, without names of parameters."
    )
    return error("P304", f"there is no function {rules.signature}", rules.place, subject=rules.signature, fix=fix)


def listed_twice(rules: FunctionRules, function: FunctionState) -> Problem:
    return error("P305", f"{function.signature} is listed twice", rules.place, subject=function.signature)


def _similar(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"Did you mean {found[0]}?" if found else ""


def misplaced(rules: TableRules, relation: RelationState) -> Iterator[Problem]:
    """What this kind of relation cannot have."""
    subject = str(rules.table)
    if not relation.is_table:
        kind = _KINDS.get(relation.kind, "relation of this kind")
        if rules.rows:
            fix = "Put the rules on the tables behind it; a view with security_invoker = true asks them as its reader."
            yield error("P306", f"a {kind} has no row security", rules.rows[0].place, subject=subject, fix=fix)
        if rules.realtime:
            yield error("P307", f"a {kind} has no changes to listen to", rules.place, subject=subject)
    for grant in rules.grants:
        if grant.role == relation.owner:
            fix = f"Give the table to a role that no request runs as: alter table {rules.table} owner to …"
            yield error(
                "P312", f"{grant.role} owns {rules.table}, and may do everything", grant.place, subject=subject, fix=fix
            )
        if grant.columns is not None and grant.privilege not in COLUMN_PRIVILEGES:
            yield error("P308", f"{grant.privilege} is granted on whole tables only", grant.place, subject=subject)
        for column in sorted((grant.columns or frozenset()) - relation.columns.keys()):
            fix = _similar(column, relation.columns) or f"It has: {', '.join(relation.columns)}."
            yield error("P309", f"{rules.table} has no column {column}", grant.place, subject=subject, fix=fix)
