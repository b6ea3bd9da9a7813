"""The footprints of a database's relations, policies and functions. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from gateway.catalog.code import Code
from gateway.catalog.footprint.model import Annotation, Footprint, Sum, joined
from gateway.catalog.footprint.reading import EVERY_COLUMN
from gateway.catalog.footprint.rules import Rules
from gateway.catalog.footprint.steps import ANYONE, Step, Steps, Stop
from gateway.catalog.graph import Node
from gateway.catalog.trust import known


class Footprints:
    """What everything in one database depends on. Trees and bodies are read when they are first needed, and once; what
    they lead to is followed anew for every question.

    `annotations` are by the OID of the function. A role is given by its name; None is any role at all, which is safe
    for every one of them, and so is a name that the database does not know. Not for use by several threads at once.
    """

    def __init__(self, code: Code, rules: Rules, annotations: Mapping[int, Annotation]) -> None:
        self._steps = Steps(code, rules, annotations)
        self._roles = {role.name: role.oid for role in rules.roles}

    def of_relation(self, oid: int, role: str | None) -> Footprint:
        """What the rows depend on that `SELECT * FROM relation` shows to the role: contents, policies, views, and what
        prints or compares its values. What a request adds comes on top: `of_operators` for conditions and orders,
        `of_name` for computed columns and casts, and the clock if one of its values is a text like `now` for a time."""
        columns = frozenset(self._steps.columns(oid, EVERY_COLUMN))
        return self._from(("relation", oid), self._role(role)) | Footprint(columns=columns)

    def of_policy(self, relation: int, name: str, role: str | None = None) -> Footprint:
        """What decides whether the policy lets a row pass, when the role reads or writes: its USING and WITH CHECK
        expressions. The table it belongs to is among `tables` only if the policy reads other rows of it. Raises
        `KeyError` where there is no such policy."""
        policy = next((policy for policy in self._steps.policies.get(relation, ()) if policy.name == name), None)
        if policy is None:
            raise KeyError(name)
        reader = self._role(role)
        return self._follow(self._steps.of_policy(policy, reader, reader))

    def of_function(self, oid: int, role: str | None) -> Footprint:
        """What a call by the role depends on, beside its arguments."""
        return self._from(("function", oid), self._role(role))

    def of_operators(self, role: str | None) -> Footprint:
        """What operators, casts and orderings depend on that a URL can bring about without naming a function."""
        reader = self._role(role)
        nodes = self._steps.graph.named_by_operators(known.URL_OPERATORS)
        return joined(self._from(node, reader) for node in nodes)

    def of_name(self, name: str, role: str | None) -> Footprint:
        """What functions and types of this unqualified name depend on: computed columns, casts."""
        reader = self._role(role)
        graph = self._steps.graph
        nodes = [*graph.by_name["function"].get(name, ()), *graph.by_name["name"].get(name, ())]
        return joined(self._from(node, reader) for node in nodes if node[0] != "relation")

    def _role(self, name: str | None) -> int:
        return self._roles.get(name, ANYONE) if name is not None else ANYONE

    def _from(self, node: Node, role: int) -> Footprint:
        stop = Stop(node, role, role)
        return self._follow(self._steps.step(stop), stop)

    def _follow(self, first: Step, start: Stop | None = None) -> Footprint:
        """Everything that is reached, nearest first, so that the nearest reason is told."""
        seen = {start} if start is not None else set[Stop]()
        sum_ = Sum()
        sum_.add(first.own)
        waiting = deque(first.onward)
        while waiting:
            stop, through = waiting.popleft()
            if stop not in seen:
                seen.add(stop)
                step = self._steps.step(stop)
                sum_.add(step.own, through)
                waiting.extend(step.onward)
        return sum_.footprint()
