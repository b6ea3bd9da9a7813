"""What has to change: files against a database. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.policies.database.state import PolicyState, RelationState, State
from gateway.policies.model import QualifiedName
from gateway.policies.plan.captures import can_capture, capture, capture_trigger, event_of, wanted_events
from gateway.policies.plan.changes import (
    Change,
    ChangePolicy,
    CreatePolicy,
    CreateTrigger,
    DropPolicy,
    DropTrigger,
    Grant,
    GrantExecute,
    GrantSequence,
    Loss,
    Purpose,
    Revoke,
    RevokeExecute,
    SetRowSecurity,
)
from gateway.policies.plan.compiled import Compiled, CompiledExpression, CompiledPolicy, CompiledTable
from gateway.policies.plan.grants import Grants
from gateway.policies.plan.identities import policy_identity

Texts = Mapping[tuple[QualifiedName, str], str]
"""PostgreSQL's own text of each expression, by relation and SQL."""


@dataclass(frozen=True, slots=True)
class _Diff:
    state: State
    texts: Texts
    known: frozenset[str]
    grants: Grants


def changes(compiled: Compiled, state: State, texts: Texts) -> tuple[Change, ...]:
    """The steps to make `state` what the files ask for, in the order to take them: what closes comes before what
    opens. Empty if nothing is to do.

    A loss is noted on steps that take away what no file mentions and no earlier apply made.
    """
    known = state.applied.objects if state.applied else frozenset[str]()
    diff = _Diff(state, texts, known, Grants(compiled.roles, state, known))
    found: list[Change] = []
    for table in compiled.tables:
        found += _table(diff, table)
    for relation in compiled.unlisted:
        found += _unlisted(diff, relation)
    for function in compiled.functions:
        found += diff.grants.of_function(function)
    return tuple(sorted(found, key=_order))


_ORDER = (
    RevokeExecute,
    Revoke,
    DropTrigger,
    SetRowSecurity,
    DropPolicy,
    ChangePolicy,
    CreatePolicy,
    CreateTrigger,
    Grant,
    GrantSequence,
    GrantExecute,
)


def _order(change: Change) -> int:
    if isinstance(change, SetRowSecurity) and not change.enabled:
        return len(_ORDER)
    return _ORDER.index(type(change))


def _table(diff: _Diff, table: CompiledTable) -> Iterator[Change]:
    relation = table.relation
    if relation.is_table:
        wanted = table.rules.row_security
        if relation.row_security != wanted:
            yield SetRowSecurity(relation.name, wanted, None if wanted else Loss.DISABLE_ROW_SECURITY)
        yield from _policies(diff, table)
        yield from _triggers(diff, table)
    yield from diff.grants.of_relation(relation, table.grants, mentioned=True)
    yield from diff.grants.of_sequences(table)


def _unlisted(diff: _Diff, relation: RelationState) -> Iterator[Change]:
    yield from diff.grants.of_relation(relation, {}, mentioned=False)
    for trigger in relation.triggers:
        if event_of(trigger):
            yield DropTrigger(relation.name, trigger, event_of(trigger), Purpose.REALTIME)


def _policies(diff: _Diff, table: CompiledTable) -> Iterator[Change]:
    relation = table.relation
    present = {policy.name: policy for policy in relation.policies}
    wanted = {policy.name: policy for policy in table.policies}
    for name, before in present.items():
        if name not in wanted:
            known = policy_identity(relation.name, name) in diff.known
            yield DropPolicy(relation.name, before, None if known else Loss.DROP_POLICY)
    for name, policy in wanted.items():
        before = present.get(name)
        if before is None:
            yield CreatePolicy(relation.name, policy)
        elif not enforces(before, policy, relation.name, diff.texts):
            known = policy_identity(relation.name, name) in diff.known
            loss = None if known else Loss.REPLACE_POLICY
            yield ChangePolicy(relation.name, before, policy, _alterable(before, policy), loss)


def enforces(present: PolicyState, wanted: CompiledPolicy, relation: QualifiedName, texts: Texts) -> bool:
    """Whether a policy of the database is what the files say: with calls wrapped, or as the files have it, where
    `texts` knows that form too. Both let the same rows through; a policy made by hand need not be made again. The
    third form is what the files have if it was copied from the database: PostgreSQL does not read all that it prints
    (`varchar = any (…)`) back as the same."""
    return (
        (present.verb, present.permissive, present.roles) == (wanted.verb, wanted.permissive, wanted.roles)
        and present.using in _forms(wanted.using, relation, texts)
        and present.check in _forms(wanted.check, relation, texts)
    )


def _forms(expression: CompiledExpression | None, relation: QualifiedName, texts: Texts) -> tuple[str | None, ...]:
    if expression is None:
        return (None,)
    plain = texts.get((relation, expression.origin.text))
    return (texts[relation, expression.sql], *([plain, expression.origin.text] if plain is not None else []))


def _alterable(before: PolicyState, policy: CompiledPolicy) -> bool:
    return (
        before.verb == policy.verb
        and before.permissive == policy.permissive
        and (before.using is None) == (policy.using is None)
        and (before.check is None) == (policy.check is None)
    )


def _triggers(diff: _Diff, table: CompiledTable) -> Iterator[Change]:
    relation = table.relation
    wanted = {capture_trigger(event) for event in wanted_events(table.rules)} if can_capture(diff.state) else set[str]()
    for trigger in relation.triggers:
        if event_of(trigger) and trigger not in wanted:
            yield DropTrigger(relation.name, trigger, event_of(trigger), Purpose.REALTIME)
    for trigger in sorted(wanted - set(relation.triggers)):
        yield capture(relation.name, event_of(trigger))
