"""Policy files for a database that has rules already. Pure.

What is pulled is what is enforced: planning the files against the same database changes nothing that is enforced. They
keep no answers, so that triggers for the cache would go.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from gateway.policies.database.state import PolicyState, RelationState, State
from gateway.policies.files import defaults_document, functions_document, table_document
from gateway.policies.model import (
    PUBLIC,
    TABLE_PRIVILEGES,
    VERBS,
    Defaults,
    Expression,
    FunctionRules,
    Grant,
    Limits,
    RowPolicy,
    TableRules,
    Verb,
)
from gateway.policies.problems import Place

LOGIN_ROLE: Final = "authenticator"

_NOWHERE: Final = Place("")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")
_CALLABLE: Final = ("f", "p")


@dataclass(frozen=True, slots=True)
class Pulled:
    """`documents` maps file names to YAML; `unprotected` are tables with grants and without row security."""

    defaults: Defaults
    documents: Mapping[str, str]
    tables: int
    policies: int
    functions: int
    unprotected: tuple[str, ...]


def api_roles(state: State) -> tuple[str, ...]:
    """The roles that requests run as: what the login role may become, without those past row security."""
    return tuple(
        sorted(
            role.name
            for role in state.roles.values()
            if (LOGIN_ROLE in role.members or role.name in ("anon", "authenticated"))
            and not (role.superuser or role.bypasses_row_security or role.login)
        )
    )


def pull(state: State, schemas: Sequence[str], roles: Collection[str] | None = None) -> Pulled:
    """The files for everything in `schemas` that `roles` (default: `api_roles`) or policies reach."""
    ruled = tuple(sorted(roles)) if roles is not None else api_roles(state)
    defaults = Defaults(tuple(schemas), ruled, (*schemas, "extensions"))
    holders = {*ruled, PUBLIC}
    tables = [
        _table(relation, holders)
        for _, relation in sorted(state.relations.items())
        if relation.name.schema in schemas and relation.extension is None and _reached(relation, holders)
    ]
    functions = list(_functions(state, schemas, holders))
    documents = {"defaults.yaml": defaults_document(defaults)}
    for rules in tables:
        documents[_file_name(rules, schemas, documents)] = table_document(rules)
    if functions:
        documents[_free("functions", documents)] = functions_document(functions)
    return Pulled(
        defaults,
        documents,
        len(tables),
        sum(len(rules.rows) for rules in tables),
        len(functions),
        tuple(str(rules.table) for rules in tables if not rules.row_security and rules.grants),
    )


def _reached(relation: RelationState, holders: Collection[str]) -> bool:
    return bool(relation.policies) or any(role in holders for role, _ in relation.grants)


def _table(relation: RelationState, holders: Collection[str]) -> TableRules:
    grants = [
        Grant(role, privilege, columns, _NOWHERE)
        for (role, privilege), columns in sorted(relation.grants.items(), key=_grant_order)
        if role in holders and privilege in TABLE_PRIVILEGES
    ]
    rows = tuple(_row(policy) for policy in relation.policies) if relation.is_table else ()
    on = relation.row_security or not relation.is_table
    return TableRules(relation.name, tuple(grants), rows, on, frozenset(), None, Limits(), _NOWHERE)


def _grant_order(entry: tuple[tuple[str, str], object]) -> tuple[str, int]:
    role, privilege = entry[0]
    return role, TABLE_PRIVILEGES.index(privilege) if privilege in TABLE_PRIVILEGES else len(TABLE_PRIVILEGES)


def _row(policy: PolicyState) -> RowPolicy:
    verbs = VERBS if policy.verb == "all" else (cast("Verb", policy.verb),)
    using, check = _expression(policy.using), _expression(policy.check)
    return RowPolicy(policy.name, policy.roles, verbs, not policy.permissive, using, check, _NOWHERE)


def _expression(text: str | None) -> Expression | None:
    return Expression(text, text, ((0, _NOWHERE),)) if text is not None else None


def _functions(state: State, schemas: Sequence[str], holders: Collection[str]) -> Iterator[FunctionRules]:
    for function in sorted(state.functions.values(), key=lambda each: each.signature):
        execute = function.executors & frozenset(holders)
        if (
            execute
            and function.name.schema in schemas
            and function.kind in _CALLABLE
            and function.extension is None
            and not function.is_trigger
        ):
            yield FunctionRules(function.signature, execute, None, Limits(), None, _NOWHERE)


def _file_name(rules: TableRules, schemas: Sequence[str], taken: Collection[str]) -> str:
    name = rules.table.name if rules.table.schema == schemas[0] else f"{rules.table.schema}.{rules.table.name}"
    return _free(".".join(_UNSAFE.sub("_", part) for part in name.split(".")), taken)


def _free(stem: str, taken: Collection[str]) -> str:
    """A file name that no other has, on file systems that ignore case too."""
    folded = {name.lower() for name in taken}
    candidates = (stem, *(f"{stem}-{number}" for number in range(2, len(folded) + 3)))
    return next(f"{each}.yaml" for each in candidates if f"{each}.yaml".lower() not in folded)
