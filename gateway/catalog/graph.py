"""What leads to what in a database's code, as far as the system catalogs themselves say it. Pure.

Every object is a node; an edge says that using the one may run or read the other. Trees, texts and functions written
in some language are left to whoever asks a question of the graph: they add what they find in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping

from gateway.catalog.code import FIRST_USER_OID, Code, OperatorClassCode
from gateway.catalog.rows import RelationRow

Node = tuple[str, int]
"""A kind of object and its OID, or its position among its kind where it has none."""


class CodeGraph:
    """`labels` are the nodes' names for people; `by_oid` finds user-defined objects by a bare number, of whatever kind;
    `by_name` functions ("function"), relations and types ("name") by their unqualified names, in every schema.

    A node of `faults` leads to something that is not known. A relation leads to its row type and its storage; the
    storage to everything else that is read with it.
    """

    def __init__(self, code: Code, built_in: Mapping[int, str] | None = None) -> None:
        """`built_in` names further functions of PostgreSQL's own by OID."""
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
        self._register(built_in or {})
        self._types()
        self._operators()
        self._aggregates()
        self._storage()

    def link(self, node: Node, kind: str, oids: Iterable[int]) -> None:
        """`node` runs these objects. A user-defined one that is not known is a fault; a built-in one is harmless
        unless it has a node."""
        for oid in oids:
            target = (kind, oid)
            if target in self.labels:
                self.edges[node].add(target)
            elif oid >= FIRST_USER_OID:
                self.faults.setdefault(node, f"{self.labels[node]} refers to an unknown {kind} ({oid})")

    def link_types(self, node: Node, oids: Iterable[int]) -> None:
        """`node` reads, writes or compares values of these types."""
        for oid in oids:
            found = [target for target in self.by_oid.get(oid, ()) if target[0] in ("type", "row")]
            self.edges[node].update(found)
            if not found and oid >= FIRST_USER_OID:
                self.faults.setdefault(node, f"{self.labels[node]} refers to an unknown type ({oid})")

    def named_by_operators(self, names: Container[str]) -> list[Node]:
        """Operators, casts and orderings that a request can bring about without naming a function, when it may use
        operators of these names."""
        operators: list[Node] = [
            ("operator", operator.oid) for operator in self.code.operators if operator.name in names
        ]
        of_builtin_types: list[Node] = [
            ("opclass", opclass.oid) for opclass in self.code.opclasses if opclass.type < FIRST_USER_OID
        ]
        return [*operators, *self.casts, *of_builtin_types]

    def _register(self, built_in: Mapping[int, str]) -> None:
        for relation in self.code.relations:
            self._object(("relation", relation.oid), relation_label(relation), relation.oid, name=relation.name)
            label = f"rows of {relation_label(relation)}"
            self._object(("row", relation.oid), label, *relation.row_types, name=relation.name)
            if relation.row_array is not None:
                self.by_name["name"][relation.row_array].append(("row", relation.oid))
            self._object(("storage", relation.oid), relation_label(relation))
        for oid, name in built_in.items():
            self._called(oid, "pg_catalog", name)
        for function in self.code.functions:
            if function.oid not in built_in:
                self._called(function.oid, function.schema, function.name)
        for operator in self.code.operators:
            self._object(("operator", operator.oid), f"operator {operator.schema}.{operator.name}", operator.oid)
        for type_ in self.code.types:
            self._object(("type", type_.oid), f"type {type_.schema}.{type_.name}", type_.oid, name=type_.name)
        for opclass in self.code.opclasses:
            self._object(("opclass", opclass.oid), f"operator class {opclass.name}", opclass.oid)
        for node, cast in zip(self.casts, self.code.casts, strict=True):
            self._object(node, f"cast {cast.name}")

    def _called(self, oid: int, schema: str, name: str) -> None:
        self._object(("function", oid), f"function {schema}.{name}", oid)
        self.by_name["function"][name].append(("function", oid))

    def _object(self, node: Node, label: str, *oids: int, name: str | None = None) -> None:
        self.labels[node] = label
        for oid in oids:
            if oid >= FIRST_USER_OID:
                self.by_oid[oid].append(node)
        if name is not None:
            self.by_name["name"][name].append(node)

    def _types(self) -> None:
        for relation in self.code.relations:
            self.link_types(("row", relation.oid), relation.user_types)
        for type_ in self.code.types:
            node = ("type", type_.oid)
            self.link(node, "function", type_.functions)
            self.link_types(node, type_.types)
            self.edges[node].update(("opclass", oid) for oid in type_.opclasses if ("opclass", oid) in self.labels)
        for node, cast in zip(self.casts, self.code.casts, strict=True):
            self.link(node, "function", [cast.function])
            self.link_types(node, (cast.source, cast.target))
            # JSON is made by the cast of a type to json, where it has one.
            for source in self.by_oid.get(cast.source, ()):
                self.edges[source].add(node)
        for opclass in self.code.opclasses:
            self._opclass(("opclass", opclass.oid), opclass)

    def _opclass(self, node: Node, opclass: OperatorClassCode) -> None:
        self.link(node, "function", opclass.functions)
        self.link(node, "operator", opclass.operators)
        for operator in opclass.operators:
            self.edges["operator", operator].add(node)
        for type_node in self.by_oid.get(opclass.type, ()):
            self.edges[type_node].add(node)
        for relation in opclass.relations:
            self.edges["storage", relation].add(node)

    def _operators(self) -> None:
        for operator in self.code.operators:
            node = ("operator", operator.oid)
            self.link(node, "function", operator.functions)
            self.link(node, "operator", operator.partners)
            self.link_types(node, operator.types)

    def _aggregates(self) -> None:
        for function in self.code.functions:
            if function.kind == "a":
                node = ("function", function.oid)
                self.link(node, "function", function.parts)
                self.link(node, "operator", [function.sort_operator])
                self.link_types(node, (*function.state_types, *function.types))

    def _storage(self) -> None:
        for relation in self.code.relations:
            node, storage = ("relation", relation.oid), ("storage", relation.oid)
            self.edges[node].update((storage, ("row", relation.oid)))
            self.edges[storage].add(("row", relation.oid))
        for part in self.code.storage:
            storage = ("storage", part.relation)
            if part.child:
                self.link(storage, "storage", [part.child])
            if part.handler:
                self.link(storage, "function", [part.handler])


def relation_label(relation: RelationRow) -> str:
    return f"{relation.schema}.{relation.name}"
