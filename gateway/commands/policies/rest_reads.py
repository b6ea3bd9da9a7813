"""What a REST read is in the database: the relations and columns that it touches, and its statement. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.catalog import Catalog, Name, Relationship
from gateway.database import Access
from gateway.policies import QualifiedName
from gateway.policies.explain import Touched
from gateway.rest import RestRules
from gateway.rest.compile import compile_call, compile_read, range_slots, values
from gateway.rest.grammar.query import parse_shape
from gateway.rest.plan.functions import find_function
from gateway.rest.plan.model import ColumnRef, Embed, Group, Node, Predicate, Test
from gateway.rest.plan.tree import read_tree
from gateway.rest.request import Request, Target, read_request

_ORIGIN: Final = re.compile(r"^(?:GET\s+)?(?:[a-z][a-z0-9+.-]*://[^/?#]*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RestRead:
    """`touched` are the relations in the order of the query, `calls` the functions whose rows are read. `opaque` is
    why the statement needs a transaction of its own, None if it needs none."""

    touched: tuple[Touched, ...]
    calls: tuple[QualifiedName, ...]
    sql: str
    arguments: tuple[str, ...]
    opaque: str | None


def rest_read(query: str, catalog: Catalog, rules: RestRules, prefix: str) -> RestRead:
    """`query` is what follows GET: an URL, or a path with or without `prefix`. Raises a GatewayError, as the request
    would."""
    path, _, raw_query = _ORIGIN.sub("", query.strip(), count=1).partition("?")
    path = "/" + path.removeprefix(prefix).lstrip("/")
    asked = read_request("GET", path, raw_query, headers={}, prefer=(), rules=rules.request)
    compiled = (compile_call if asked.is_call else compile_read)(asked, catalog, rules.compile)
    walk = _Walk()
    walk.root(asked, catalog, rules)
    return RestRead(
        tuple(walk.touched()),
        tuple(walk.calls),
        compiled.statement.text,
        tuple(compiled.statement.bind(values(asked))),
        None if compiled.access is Access.VOUCHED else compiled.opaque or "it may run code that nobody vouches for",
    )


@dataclass(slots=True)
class _Walk:
    """Collects what the nodes of a read touch. `whole` are the relations of which every column is read."""

    calls: list[QualifiedName] = field(default_factory=list[QualifiedName])
    how: dict[Name, dict[str, None]] = field(default_factory=dict[Name, dict[str, None]])
    columns: defaultdict[Name, set[str]] = field(default_factory=lambda: defaultdict(set))
    whole: set[Name] = field(default_factory=set[Name])

    def root(self, asked: Request, catalog: Catalog, rules: RestRules) -> None:
        clauses = parse_shape(asked.query.shape)
        name = Name(asked.schema, asked.name)
        limit, offset, _ = range_slots(asked)
        if asked.target is Target.FUNCTION:
            keys = frozenset(argument.name for argument in clauses.arguments)
            returns = find_function(catalog, name, keys).returns
            self.calls.append(QualifiedName(*name))
            name = returns.relation or name
        derived = asked.target is Target.FUNCTION
        tree = read_tree(clauses, name, catalog, rules.compile.read, limit=limit, offset=offset, derived=derived)
        self._node(tree.root, "the rows asked for", is_table=not derived)

    def touched(self) -> Iterator[Touched]:
        for name, how in self.how.items():
            columns = None if name in self.whole else frozenset(self.columns[name])
            yield Touched(QualifiedName(*name), columns, ", ".join(how))

    def _touch(self, name: Name, how: str, columns: Iterable[str] = ()) -> None:
        self.how.setdefault(name, {})[how] = None
        self.columns[name].update(columns)

    def _node(self, node: Node, how: str, *, is_table: bool) -> None:
        if is_table:
            self._touch(node.relation, how)
            for column in _columns(node):
                if column.name == "*" or column.whole_row:
                    self.whole.add(node.relation)
                else:
                    self.columns[node.relation].add(column.name)
        for embed in node.embeds:
            self._embed(embed, node.relation if is_table else None)

    def _embed(self, embed: Embed, parent: Name | None) -> None:
        relationship = embed.relationship
        if relationship.function is not None:
            self.calls.append(QualifiedName(*relationship.function))
            if parent is not None:
                self.whole.add(parent)  # the function is given the whole row
        else:
            self._join(relationship, embed.node.relation, parent)
        self._node(embed.node, f"embedded as {embed.key}", is_table=relationship.function is None)

    def _join(self, relationship: Relationship, target: Name, parent: Name | None) -> None:
        ours: Sequence[tuple[str, str]] = relationship.columns
        theirs = [column for _, column in ours]
        if relationship.junction is not None:
            junction = relationship.junction
            ours = junction.origin_columns
            theirs = [column for column, _ in junction.target_columns]
            between = [column for _, column in (*junction.origin_columns, *junction.target_columns)]
            self._touch(junction.table, f"between {relationship.origin.name} and {relationship.target.name}", between)
        if parent is not None:
            self.columns[parent].update(column for column, _ in ours)
        self.columns[target].update(theirs)


def _columns(node: Node) -> Iterator[ColumnRef]:
    yield from (output.column for output in node.outputs if output.join is None)
    yield from (ordering.column for ordering in node.order if ordering.join is None)
    for predicate in node.where:
        yield from _tested(predicate)


def _tested(predicate: Predicate) -> Iterator[ColumnRef]:
    match predicate:
        case Test():
            yield predicate.column
        case Group():
            for child in predicate.children:
                yield from _tested(child)
        case _:
            return
