"""Which tables' rules depend on rules of another table, so that tests of the one may notice a fault in the other. Pure.

It errs on the side of yes: a name that is mentioned anywhere counts as used, and code that cannot be read uses all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from gateway.policies.database import State
from gateway.policies.database.state import FunctionState, RelationState
from gateway.policies.model import QualifiedName
from gateway.sqltext import NotUnderstood, tokens

_DYNAMIC = "execute"
_READABLE = ("sql", "plpgsql")
_BUILT_IN = ("c", "internal")

_Node: TypeAlias = RelationState | FunctionState


class Reach:
    """`triggers` are the OIDs of the functions that writing to a table runs."""

    def __init__(self, state: State, triggers: Mapping[int, Sequence[int]]) -> None:
        self._state = state
        self._triggers = triggers
        self._relations = {relation.oid: relation for relation in state.relations.values()}
        self._by_name: dict[str, list[_Node]] = defaultdict(list)
        for node in (*state.relations.values(), *state.functions.values()):
            self._by_name[node.name.name].append(node)
        self._used: dict[int, frozenset[int] | None] = {}
        self._known: dict[tuple[QualifiedName, QualifiedName], bool] = {}

    def depends(self, start: QualifiedName, on: QualifiedName) -> bool:
        """Whether what a role may do with `start`, a relation or a function, can depend on the policies of `on`."""
        if (start, on) not in self._known:
            self._known[start, on] = self._depends(start, on)
        return self._known[start, on]

    def _depends(self, start: QualifiedName, on: QualifiedName) -> bool:
        target = self._state.relations.get(on)
        waiting: list[_Node] = [node for node in self._by_name.get(start.name, ()) if node.name == start]
        if target is None or not waiting:
            return True
        seen: set[int] = set()
        while waiting:
            node = waiting.pop()
            if node.oid in seen:
                continue
            seen.add(node.oid)
            if node.oid == target.oid:
                return True
            if isinstance(node, FunctionState) and self._is_past(node, target):
                continue
            used = self._uses(node)
            if used is None:
                return True
            waiting += [found for oid in used if (found := self._node(oid)) is not None]
        return False

    def _node(self, oid: int) -> _Node | None:
        return self._relations.get(oid) or self._state.functions.get(oid)

    def _is_past(self, function: FunctionState, target: RelationState) -> bool:
        """Whether the function runs as somebody whom the policies of `target` do not concern."""
        if not function.security_definer:
            return False
        role = self._state.roles.get(function.owner)
        if role is not None and (role.superuser or role.bypasses_row_security):
            return True
        return function.owner == target.owner and not target.forced

    def _uses(self, node: _Node) -> frozenset[int] | None:
        """The OIDs that `node` mentions; None if nobody knows."""
        if node.oid not in self._used:
            self._used[node.oid] = self._looked_up(node)
        return self._used[node.oid]

    def _looked_up(self, node: _Node) -> frozenset[int] | None:
        try:
            return frozenset(self._relation(node) if isinstance(node, RelationState) else self._function(node))
        except NotUnderstood:
            return None

    def _relation(self, relation: RelationState) -> Iterator[int]:
        yield from relation.view_oids
        yield from self._triggers.get(relation.oid, ())
        for policy in relation.policies:
            for text in (policy.using, policy.check):
                yield from self._mentioned(text or "")

    def _function(self, function: FunctionState) -> Iterator[int]:
        yield from function.relation_oids
        yield from function.function_oids
        if function.language in _READABLE:
            yield from self._mentioned(function.source, dynamic=function.language == "plpgsql")
        elif function.language not in _BUILT_IN:
            raise NotUnderstood("is in another language", 0)

    def _mentioned(self, text: str, *, dynamic: bool = False) -> Iterator[int]:
        for token in tokens(text):
            if token.kind not in ("word", "quoted"):
                continue
            if dynamic and token.is_word(_DYNAMIC):
                raise NotUnderstood("makes its statements as it runs", token.start)
            for node in self._by_name.get(token.text, ()):
                yield node.oid
