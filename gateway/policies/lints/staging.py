"""Files and database -> the scene that lints look at. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gateway.policies.database.state import Columns, PolicyState, RelationState, State
from gateway.policies.lints.condition import condition
from gateway.policies.lints.reading import About
from gateway.policies.lints.scene import Policy, Rule, Scene, Table
from gateway.policies.model import PUBLIC, Expression, FunctionRules, PolicySet, QualifiedName, RowPolicy, TableRules
from gateway.policies.plan import Compiled, CompiledTable, Examined
from gateway.policies.plan.compiled import CompiledExpression, policy_names

SERVICE_ROLE: Final = "service_role"


def scene_of_files(policy_set: PolicySet) -> Scene:
    """The files alone."""
    tables = {rules.table: _filed(rules) for rules in policy_set.tables}
    defaults = policy_set.defaults
    return Scene(policy_set, tables, _roles(defaults.roles), frozenset(defaults.schemas), {}, {})


def scene_of_database(state: State, policy_set: PolicySet) -> Scene:
    """A database as it is, before any file rules it. The set says which schemas are served to which roles."""
    tables = {name: _kept(relation, relation.grants) for name, relation in state.relations.items()}
    executors = {function.oid: function.executors for function in state.functions.values()}
    defaults = policy_set.defaults
    return Scene(policy_set, tables, _roles(defaults.roles), frozenset(defaults.schemas), executors, {}, state)


def scene_of_both(policy_set: PolicySet, examined: Examined) -> Scene:
    """The database as it will be once the files are applied."""
    state, compiled = examined.state, examined.compiled
    scene = scene_of_database(state, policy_set)
    tables = dict(scene.tables)
    for relation in compiled.unlisted:
        tables[relation.name] = _kept(relation, _without(relation.grants, compiled.roles))
    for table in compiled.tables:
        tables[table.relation.name] = _listed(table, compiled, examined)
    executors, rules = dict(scene.executors), dict[int, FunctionRules]()
    for each in compiled.functions:
        executors[each.function.oid] = (each.function.executors - compiled.roles) | each.execute
        if each.rules is not None:
            rules[each.function.oid] = each.rules
    return Scene(policy_set, tables, scene.roles, scene.exposed, executors, rules, state)


def _roles(ruled: Iterable[str]) -> tuple[str, ...]:
    """Those that requests come as: a server's own key is no matter of policies."""
    return tuple(role for role in ruled if role not in (PUBLIC, SERVICE_ROLE))


def _without(grants: Mapping[tuple[str, str], Columns], roles: frozenset[str]) -> dict[tuple[str, str], Columns]:
    return {key: columns for key, columns in grants.items() if key[0] not in roles}


def _filed(rules: TableRules) -> Table:
    about = About(rules.table.name)
    policies = [_policy(rules.table, name, verb, row, about) for row in rules.rows for name, verb in policy_names(row)]
    return Table(rules.table, rules.row_security, tuple(policies), _granted(rules), rules)


def _written(expression: Expression | None, about: About) -> Rule | None:
    return Rule(condition(expression.text, about), expression) if expression is not None else None


def _policy(table: QualifiedName, name: str, verb: str, row: RowPolicy, about: About) -> Policy:
    using, check = _written(row.using, about), _written(row.check, about)
    if verb == "insert":
        using, check = None, check or using
    elif verb in ("select", "delete"):
        check = None
    return Policy(table, name, verb, not row.restrictive, tuple(sorted(set(row.roles))), using, check, row)


def _granted(rules: TableRules) -> dict[tuple[str, str], Columns]:
    return {(grant.role, grant.privilege): grant.columns for grant in rules.grants}


def _listed(table: CompiledTable, compiled: Compiled, examined: Examined) -> Table:
    relation = table.relation
    about = _about(relation)

    def rule(expression: CompiledExpression | None) -> Rule | None:
        if expression is None:
            return None
        text = examined.texts.get((relation.name, expression.sql), expression.sql)
        return Rule(condition(text, about), expression.origin)

    policies = tuple(
        Policy(
            relation.name,
            each.name,
            each.verb,
            each.permissive,
            each.roles,
            rule(each.using),
            rule(each.check),
            each.origin,
        )
        for each in table.policies
    )
    grants = _without(relation.grants, compiled.roles) | dict(table.grants)
    return Table(relation.name, table.rules.row_security, policies, grants, table.rules, relation)


def _kept(relation: RelationState, grants: Mapping[tuple[str, str], Columns]) -> Table:
    about = _about(relation)
    policies = tuple(_present(relation.name, about, policy) for policy in relation.policies)
    return Table(relation.name, relation.row_security, policies, grants, None, relation)


def _present(table: QualifiedName, about: About, policy: PolicyState) -> Policy:
    using = Rule(condition(policy.using, about)) if policy.using is not None else None
    check = Rule(condition(policy.check, about)) if policy.check is not None else None
    return Policy(table, policy.name, policy.verb, policy.permissive, policy.roles, using, check)


def _about(relation: RelationState) -> About:
    required = frozenset(column.name for column in relation.columns.values() if not column.nullable)
    return About(relation.name.name, frozenset(relation.columns), required)
