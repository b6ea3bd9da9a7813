"""Which relations a change can make a difference to: those it is about, and those whose rules or views look at them.

Names are compared, not resolved: a policy, function or view that mentions something of that name may mean it. That
looks at more than needed, and misses only what functions put together as text at run time. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from gateway.policies.database.state import FunctionState, RelationState, State
from gateway.policies.model import QualifiedName
from gateway.policies.plan import (
    Change,
    Plan,
)
from gateway.policies.plan.changes import (
    ChangePolicy,
    CreatePolicy,
    DropPolicy,
    Grant,
    GrantExecute,
    Revoke,
    RevokeExecute,
    SetRowSecurity,
)

_WORD: Final = re.compile(r'"(?:[^"]|"")+"|[^\W\d][\w$]*')


def affected(plan: Plan) -> tuple[QualifiedName, ...]:
    """Changed relations first, then those that depend on them; each time small ones first."""
    state = plan.state
    changed = {name for change in plan.changes if (name := _relation(change)) is not None and name in state.relations}
    dependent = set(_dependent(plan, changed)) - changed

    def order(name: QualifiedName) -> tuple[bool, float, QualifiedName]:
        return (name not in changed, max(0.0, state.relations[name].rows), name)

    return tuple(sorted({*changed, *dependent}, key=order))


def _relation(change: Change) -> QualifiedName | None:
    match change:
        case SetRowSecurity() | CreatePolicy() | ChangePolicy() | DropPolicy():
            return change.table
        case Grant() | Revoke():
            return change.relation
        case _:
            return None


def _dependent(plan: Plan, changed: Iterable[QualifiedName]) -> Iterator[QualifiedName]:
    state = plan.state
    tainted = {state.relations[name].oid for name in changed}
    names = {name.name for name in changed} | set(_changed_functions(plan))
    texts = _policy_texts(plan)
    bodies = {function.oid: _words(function.source) for function in state.functions.values()}
    while True:
        before = len(tainted) + len(names)
        for function in state.functions.values():
            if _looks(function, bodies[function.oid], names, tainted) and not _looks_past(function, state):
                names.add(function.name.name)
        for relation in state.relations.values():
            if texts.get(relation.name, frozenset()) & names or _shows(relation, tainted, state):
                tainted.add(relation.oid)
                names.add(relation.name.name)
        if len(tainted) + len(names) == before:
            break
    return (relation.name for relation in state.relations.values() if relation.oid in tainted)


def _changed_functions(plan: Plan) -> Iterator[str]:
    signatures = {change.signature for change in plan.changes if isinstance(change, GrantExecute | RevokeExecute)}
    for function in plan.state.functions.values():
        if function.signature in signatures:
            yield function.name.name


def _policy_texts(plan: Plan) -> dict[QualifiedName, frozenset[str]]:
    """The words of all policies of each table, as they are and as they will be."""
    found = {
        relation.name: _words(" ".join(f"{policy.using} {policy.check}" for policy in relation.policies))
        for relation in plan.state.relations.values()
    }
    for (relation, _), text in plan.texts.items():
        found[relation] = found.get(relation, frozenset()) | _words(text)
    return found


def _looks(function: FunctionState, words: frozenset[str], names: set[str], tainted: set[int]) -> bool:
    return bool(words & names) or not function.relation_oids.isdisjoint(tainted)


def _looks_past(function: FunctionState, state: State) -> bool:
    """Whether grants and policies do not hold inside of it, so that no change of them makes a difference to it."""
    owner = state.roles.get(function.owner)
    return function.security_definer and owner is not None and owner.superuser


def _shows(view: RelationState, tainted: set[int], state: State) -> bool:
    if view.view_oids.isdisjoint(tainted):
        return False
    owner = state.roles.get(view.owner)
    return view.security_invoker or owner is None or not owner.superuser


def _words(text: str) -> frozenset[str]:
    return frozenset(
        word[1:-1].replace('""', '"') if word.startswith('"') else word.lower() for word in _WORD.findall(text)
    )
