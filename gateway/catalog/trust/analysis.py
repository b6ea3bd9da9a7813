"""Which objects a caller's read may reach without a transaction of its own. Pure.

Every object is a node of a graph; an edge says that using the one may run the other. A node that cannot be vouched
for has a fault, and whatever reaches a fault is opaque. Edges are drawn generously, so a mistake costs speed, not
safety: a name in an SQL text leads to everything of that name, in whatever schema, because the search path decides
which one it means.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.catalog.code import FIRST_USER_OID, Code, FunctionCode
from gateway.catalog.graph import CodeGraph, Node, relation_label
from gateway.catalog.nodetree import CURRENT_SETTING_OIDS, mentioned
from gateway.catalog.trust import known
from gateway.catalog.trust.sqltext import Mentions, mentions, normalized
from gateway.sqltext import NotUnderstood


@dataclass(frozen=True, slots=True)
class Trust:
    """The reasons why objects are opaque, by OID; what is missing is vouched for. `operators` is the reason for
    operators, casts and orderings that a URL can name, or None; `names` are those of opaque functions and types."""

    relations: Mapping[int, str]
    functions: Mapping[int, str]
    operators: str | None
    names: Mapping[str, str]


def analyse(code: Code) -> Trust:
    """The verdicts over everything the database can run. Linear in the size of all trees and bodies."""
    graph = _Graph(code)
    graph.build()
    reasons = graph.reasons()
    in_urls = graph.named_by_operators(known.URL_OPERATORS)
    return Trust(
        relations={oid: reason for (kind, oid), reason in reasons.items() if kind == "relation"},
        functions={oid: reason for (kind, oid), reason in reasons.items() if kind == "function"},
        operators=next((reasons[node] for node in in_urls if node in reasons), None),
        names=graph.names(reasons),
    )


class _Graph(CodeGraph):
    """The graph with what trees and texts add, and with faults where something cannot be vouched for."""

    def build(self) -> None:
        for type_ in self.code.types:
            for tree in type_.checks:
                self._link_tree(("type", type_.oid), tree)
        self._functions()
        self._relations()
        self._expressions()

    def _link_tree(self, node: Node, tree: str) -> None:
        found = mentioned(tree)
        label = self.labels[node]
        if found.fault:
            self.faults.setdefault(node, f"{label} {found.fault}")
        for setting in found.settings:
            self._require_setting(node, setting)
        for oid in found.objects:
            self.edges[node].update(self.by_oid.get(oid, ()))
        self.link(node, "function", found.calls - CURRENT_SETTING_OIDS)
        self.link(node, "relation", found.relations)
        self.edges[node].update(self.comparisons)

    def _require_setting(self, node: Node, setting: str | None) -> None:
        if setting is None:
            self.faults.setdefault(node, f"{self.labels[node]} reads a setting whose name is not a literal")
        elif not known.harmless_setting(setting):
            self.faults.setdefault(node, f"{self.labels[node]} reads {setting}")

    def _link_text(self, node: Node, text: Mentions) -> None:
        for setting in text.settings:
            self._require_setting(node, setting)
            self.edges[node].update(
                target for target in self.by_name["function"][known.CURRENT_SETTING] if target[1] >= FIRST_USER_OID
            )
        for name in text.functions:
            self.edges[node].update(self.by_name["function"].get(name, ()))
        for name in text.names:
            self.edges[node].update(self.by_name["name"].get(name, ()))
        for operator in self.code.operators:
            if operator.name in known.IMPLICIT_OPERATORS or any(operator.name in run for run in text.operators):
                self.edges[node].add(("operator", operator.oid))
        self.edges[node].update((*self.casts, *self.comparisons))

    def _functions(self) -> None:
        for function in self.code.functions:
            node = ("function", function.oid)
            fault = self._function(node, function)
            if fault is not None:
                self.faults[node] = f"{self.labels[node]} {fault}"

    def _function(self, node: Node, function: FunctionCode) -> str | None:
        """Draws the function's edges; a fault of its own is returned in words."""
        if function.kind == "a":
            return None
        if function.language == "sql":
            return self._sql_function(node, function)
        if function.language not in ("c", "internal"):
            return f"is written in {function.language}"
        if function.language == "internal" and function.body in known.CONSTRUCTORS:
            self.link_types(node, function.types)
            return None
        if function.oid >= FIRST_USER_OID:
            if function.extension not in known.EXTENSIONS:
                return "is compiled code of unknown origin"
            if function.name in known.DENIED_EXTENSION_FUNCTIONS:
                return "changes its session"
            self.edges[node].update(self._extension_tables(function.extension))
        elif function.name in known.DENIED:
            return "runs what it is given as a value, or changes its session"
        elif function.oid in CURRENT_SETTING_OIDS:
            return "may read any setting"
        if function.volatility == "v" and not function.internal and function.name not in known.HARMLESS_VOLATILE:
            return "is volatile"
        return None

    def _extension_tables(self, extension: str) -> Iterable[Node]:
        table = known.EXTENSION_TABLES.get(extension)
        return [node for node in self.by_name["name"].get(table, ()) if node[0] == "relation"] if table else ()

    def _sql_function(self, node: Node, function: FunctionCode) -> str | None:
        for clause in function.settings or ():
            name = clause.partition("=")[0].lower()
            if name not in known.HARMLESS_CLAUSES:
                return f"sets {name}"
        self.link(node, "function", [function.support] if function.support else [])
        self.link_types(node, function.types)
        for tree in (function.tree, function.defaults):
            if tree:
                self._link_tree(node, tree)
        if function.tree:
            return "is not one of the known forms" if _is_changed_auth(function, None) else None
        try:
            if _is_changed_auth(function, normalized(function.body)):
                return "is not one of the known forms"
            self._link_text(node, mentions(function.body))
        except NotUnderstood as reason:
            return str(reason)
        return None

    def _relations(self) -> None:
        for relation in self.code.relations:
            node = ("relation", relation.oid)
            if relation.kind == "f":
                self.faults["storage", relation.oid] = f"{relation_label(relation)} is a foreign table"
            elif relation.kind == "v":
                tree = self.code.views.get(relation.oid)
                if tree is None:
                    self.faults[node] = f"{relation_label(relation)} has no rule"
                else:
                    self._link_tree(node, tree)

    def _expressions(self) -> None:
        for index, expression in enumerate(self.code.expressions):
            relation = self.relations.get(expression.relation)
            if relation is None:
                continue
            node = ("expression", index)
            self.labels[node] = f"{expression.label} of {relation.schema}.{relation.name}"
            is_policy = expression.label.startswith("policy ")
            self.edges["relation" if is_policy else "storage", relation.oid].add(node)
            self._link_tree(node, expression.tree)

    def names(self, reasons: Mapping[Node, str]) -> dict[str, str]:
        """The reasons of functions and types, row types too, by their unqualified names."""
        named = [(function.name, ("function", function.oid)) for function in self.code.functions]
        named += [(type_.name, ("type", type_.oid)) for type_ in self.code.types]
        named += [(relation.name, ("row", relation.oid)) for relation in self.code.relations]
        return {name: reasons[node] for name, node in named if node in reasons}

    def reasons(self) -> dict[Node, str]:
        """Why nodes are opaque: faults spread against the edges, nearest first."""
        users: dict[Node, list[Node]] = defaultdict(list)
        for node, targets in self.edges.items():
            for target in targets:
                users[target].append(node)
        origin: dict[Node, tuple[Node, Node | None]] = {node: (node, None) for node in sorted(self.faults)}
        queue = deque(origin)
        while queue:
            node = queue.popleft()
            for user in users.get(node, ()):
                if user not in origin:
                    origin[user] = (origin[node][0], node)
                    queue.append(user)
        return {node: self._reason(node, origin) for node in origin}

    def _reason(self, node: Node, origin: Mapping[Node, tuple[Node, Node | None]]) -> str:
        source, nearest = origin[node]
        through = f", reached through {self.labels[nearest]}" if nearest not in (None, source) else ""
        return self.faults[source] + through


def _is_changed_auth(function: FunctionCode, body: str | None) -> bool:
    bodies = known.auth_bodies().get(function.name) if function.schema == "auth" and not function.inputs else None
    return bodies is not None and body not in bodies
