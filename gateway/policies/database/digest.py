"""A fingerprint of what policy files rule. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import Any

from gateway.policies.database.state import FunctionState, RelationState, State
from gateway.policies.model import PUBLIC, QualifiedName


def state_digest(
    state: State, relations: Collection[QualifiedName], functions: Collection[int], roles: Collection[str]
) -> str:
    """The SHA-256, hexadecimal, of what is enforced now: for `relations` the row security, policies, gateway triggers,
    grants and use of sequences, for `functions` (OIDs) who executes them; of grantees only `roles` and PUBLIC.

    The same in every process and for every order of the arguments. What does not exist counts as missing.
    """
    ruled = frozenset(roles) | {PUBLIC}
    found = (state.functions[oid] for oid in functions if oid in state.functions)
    content = {
        "relations": [_relation(name, state.relations.get(name), ruled) for name in sorted(set(relations))],
        "functions": sorted({function.signature: _executors(function, ruled) for function in found}.items()),
        "missing functions": len({oid for oid in functions if oid not in state.functions}),
    }
    text = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _relation(name: QualifiedName, relation: RelationState | None, roles: frozenset[str]) -> list[Any]:
    if relation is None:
        return [name]
    policies = sorted(
        # Names are unique in a relation, so nothing behind them is compared.
        [policy.name, policy.verb, policy.permissive, sorted(policy.roles), policy.using, policy.check]
        for policy in relation.policies
    )
    grants = sorted(
        [role, privilege, "" if columns is None else sorted(columns)]
        for (role, privilege), columns in relation.grants.items()
        if role in roles
    )
    sequences = sorted(
        [sequence.name, sequence.column, sorted(sequence.users & roles)] for sequence in relation.sequences
    )
    flags = [relation.row_security, relation.forced]
    return [name, flags, policies, grants, sequences, sorted(relation.triggers)]


def _executors(function: FunctionState, roles: frozenset[str]) -> list[str]:
    return sorted(function.executors & roles)
