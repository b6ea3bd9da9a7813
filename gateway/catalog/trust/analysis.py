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

from gateway.catalog.nodetree import CURRENT_SETTING_OIDS, mentioned
from gateway.catalog.rows import RelationRow
from gateway.catalog.trust import known
from gateway.catalog.trust.code import FIRST_USER_OID, Code, FunctionCode, OperatorClassCode
from gateway.catalog.trust.sqltext import Mentions, NotUnderstood, mentions, normalized

Node = tuple[str, int]
"""A kind of object and its OID, or its position among its kind where it has none."""


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
    return Trust(
        relations={oid: reason for (kind, oid), reason in reasons.items() if kind == "relation"},
        functions={oid: reason for (kind, oid), reason in reasons.items() if kind == "function"},
        operators=next((reasons[node] for node in graph.named_in_urls() if node in reasons), None),
        names=graph.names(reasons),
    )


class _Graph:
    def __init__(self, code: Code) -> None:
        self.code = code
        self.faults: dict[Node, str] = {}
        self.edges: dict[Node, set[Node]] = defaultdict(set)
        self.labels: dict[Node, str] = {}
        self.by_oid: dict[int, list[Node]] = defaultdict(list)
        self.by_name: dict[str, dict[str, list[Node]]] = {kind: defaultdict(list) for kind in ("function", "name")}
        self.functions = {function.oid: function for function in code.functions}
        self.relations = {relation.oid: relation for relation in code.relations}
        self.casts: list[Node] = [("cast", index) for index in range(len(code.casts))]
        # GROUP BY, DISTINCT, sorting, and whatever compares arrays or rows find these by the type alone. Those of
        # user-defined types are found by the type, but trees and texts need not mention a built-in one.
        self.comparisons: list[Node] = [
            ("opclass", opclass.oid) for opclass in code.opclasses if opclass.implicit and opclass.type < FIRST_USER_OID
        ]

    def build(self) -> None:
        self._register()
        self._types()
        self._operators()
        self._functions()
        self._relations()
        self._expressions()

    def _register(self) -> None:
        for relation in self.code.relations:
            self._object(("relation", relation.oid), _relation_label(relation), relation.oid, name=relation.name)
            label = f"rows of {relation.schema}.{relation.name}"
            self._object(("row", relation.oid), label, *relation.row_types, name=relation.row_array)
            self._object(("storage", relation.oid), f"{relation.schema}.{relation.name}")
        for function in self.code.functions:
            self._object(("function", function.oid), f"function {function.schema}.{function.name}", function.oid)
            self.by_name["function"][function.name].append(("function", function.oid))
        for operator in self.code.operators:
            self._object(("operator", operator.oid), f"operator {operator.schema}.{operator.name}", operator.oid)
        for type_ in self.code.types:
            self._object(("type", type_.oid), f"type {type_.schema}.{type_.name}", type_.oid, name=type_.name)
        for opclass in self.code.opclasses:
            self._object(("opclass", opclass.oid), f"operator class {opclass.name}", opclass.oid)
        for node, cast in zip(self.casts, self.code.casts, strict=True):
            self._object(node, f"cast {cast.name}")

    def _object(self, node: Node, label: str, *oids: int, name: str | None = None) -> None:
        self.labels[node] = label
        for oid in oids:
            if oid >= FIRST_USER_OID:
                self.by_oid[oid].append(node)
        if name is not None:
            self.by_name["name"][name].append(node)

    def _link(self, node: Node, kind: str, oids: Iterable[int]) -> None:
        """`node` runs these objects. A user-defined one that is not known is a fault; a built-in one is known."""
        for oid in oids:
            target = (kind, oid)
            if target in self.labels:
                self.edges[node].add(target)
            elif oid >= FIRST_USER_OID:
                self.faults.setdefault(node, f"{self.labels[node]} refers to an unknown {kind} ({oid})")

    def _link_types(self, node: Node, oids: Iterable[int]) -> None:
        for oid in oids:
            found = [target for target in self.by_oid.get(oid, ()) if target[0] in ("type", "row")]
            self.edges[node].update(found)
            if not found and oid >= FIRST_USER_OID:
                self.faults.setdefault(node, f"{self.labels[node]} refers to an unknown type ({oid})")

    def _link_tree(self, node: Node, tree: str) -> None:
        found = mentioned(tree)
        label = self.labels[node]
        if found.fault:
            self.faults.setdefault(node, f"{label} {found.fault}")
        for setting in found.settings:
            self._require_setting(node, setting)
        for oid in found.objects:
            self.edges[node].update(self.by_oid.get(oid, ()))
        self._link(node, "function", found.calls - CURRENT_SETTING_OIDS)
        self._link(node, "relation", found.relations)
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

    def _types(self) -> None:
        for relation in self.code.relations:
            self._link_types(("row", relation.oid), relation.user_types)
        for type_ in self.code.types:
            node = ("type", type_.oid)
            self._link(node, "function", type_.functions)
            self._link_types(node, type_.types)
            self.edges[node].update(("opclass", oid) for oid in type_.opclasses if ("opclass", oid) in self.labels)
            for tree in type_.checks:
                self._link_tree(node, tree)
        for node, cast in zip(self.casts, self.code.casts, strict=True):
            self._link(node, "function", [cast.function])
            self._link_types(node, (cast.source, cast.target))
            # JSON is made by the cast of a type to json, where it has one.
            for source in self.by_oid.get(cast.source, ()):
                self.edges[source].add(node)
        for opclass in self.code.opclasses:
            self._opclass(("opclass", opclass.oid), opclass)

    def _opclass(self, node: Node, opclass: OperatorClassCode) -> None:
        self._link(node, "function", opclass.functions)
        self._link(node, "operator", opclass.operators)
        for operator in opclass.operators:
            self.edges["operator", operator].add(node)
        for type_node in self.by_oid.get(opclass.type, ()):
            self.edges[type_node].add(node)
        for relation in opclass.relations:
            self.edges["storage", relation].add(node)

    def _operators(self) -> None:
        for operator in self.code.operators:
            node = ("operator", operator.oid)
            self._link(node, "function", operator.functions)
            self._link(node, "operator", operator.partners)
            self._link_types(node, operator.types)

    def _functions(self) -> None:
        for function in self.code.functions:
            node = ("function", function.oid)
            fault = self._function(node, function)
            if fault is not None:
                self.faults[node] = f"{self.labels[node]} {fault}"

    def _function(self, node: Node, function: FunctionCode) -> str | None:
        """Draws the function's edges; a fault of its own is returned in words."""
        if function.kind == "a":
            self._link(node, "function", function.parts)
            self._link(node, "operator", [function.sort_operator])
            self._link_types(node, (*function.state_types, *function.types))
            return None
        if function.language == "sql":
            return self._sql_function(node, function)
        if function.language not in ("c", "internal"):
            return f"is written in {function.language}"
        if function.language == "internal" and function.body in known.CONSTRUCTORS:
            self._link_types(node, function.types)
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
        self._link(node, "function", [function.support] if function.support else [])
        self._link_types(node, function.types)
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
            node, storage = ("relation", relation.oid), ("storage", relation.oid)
            self.edges[node].update((storage, ("row", relation.oid)))
            self.edges[storage].add(("row", relation.oid))
            if relation.kind == "f":
                self.faults[storage] = f"{_relation_label(relation)} is a foreign table"
            elif relation.kind == "v":
                tree = self.code.views.get(relation.oid)
                if tree is None:
                    self.faults[node] = f"{_relation_label(relation)} has no rule"
                else:
                    self._link_tree(node, tree)
        for part in self.code.storage:
            storage = ("storage", part.relation)
            if part.child:
                self._link(storage, "storage", [part.child])
            if part.handler:
                self._link(storage, "function", [part.handler])

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

    def named_in_urls(self) -> list[Node]:
        """Operators, casts and orderings that a request can bring about without naming a function."""
        operators: list[Node] = [
            ("operator", operator.oid) for operator in self.code.operators if operator.name in known.URL_OPERATORS
        ]
        of_builtin_types: list[Node] = [
            ("opclass", opclass.oid) for opclass in self.code.opclasses if opclass.type < FIRST_USER_OID
        ]
        return [*operators, *self.casts, *of_builtin_types]

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


def _relation_label(relation: RelationRow) -> str:
    return f"{relation.schema}.{relation.name}"
