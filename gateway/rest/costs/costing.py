"""What has to be known of a read to judge its cost: the same read at its worst, and the columns that it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gateway.catalog import Catalog, Name
from gateway.rest.grammar.syntax import Comparison, FullText, JsonStep
from gateway.rest.plan.model import Call, Embed, Group, Node, Ordering, Predicate, ReadTree, Test
from gateway.rest.sql.arguments import Statement
from gateway.rest.sql.read import Counting, Shaping, read_statement

_PATTERNS = frozenset({"LIKE", "ILIKE", "~", "~*"})
_CONTAINERS = frozenset({"@>", "<@", "&&", "<<", ">>", "&<", "&>", "-|-"})


@dataclass(frozen=True, slots=True)
class Named:
    """A column that a request filters or orders by. `index` is what follows `CREATE INDEX ON table` for it."""

    relation: Name
    column: str
    index: str
    orders: bool


@dataclass(frozen=True, slots=True, eq=False)
class Costing:
    """Two EXPLAINs: of the read, and of the same read without filters and limits, as no values make it dearer than
    that (None where it cannot be said). `named` are the columns that the request itself names. Equal
    only to itself, so that what is known of it is forgotten with its plan, and that with its catalog."""

    actual: Statement
    worst: Statement | None
    named: tuple[Named, ...]


def costing(
    tree: ReadTree, shaping: Shaping, counting: Counting, slots: int, *, catalog: Catalog, call: Call | None = None
) -> Costing | None:
    """How to judge a read; None for one that is only explained."""
    explain = shaping.rendering.explain
    if explain is not None and "analyze" not in explain.options:
        return None
    shaping = replace(shaping, rendering=replace(shaping.rendering, explain=None))
    nodes = list(_nodes(tree.root))
    worst = None
    if call is None and all(_plain(node, catalog) for node in nodes):
        worst = _explained(read_statement(_worst(tree), shaping, Counting(), slots, proof=False))
    actual = _explained(read_statement(tree, shaping, counting, slots, proof=False, call=call))
    return Costing(actual, worst, tuple(named for node in nodes for named in _named(node)))


def _explained(statement: Statement) -> Statement:
    return replace(statement, text=f"EXPLAIN (FORMAT JSON, VERBOSE) {statement.text}")


def _worst(tree: ReadTree) -> ReadTree:
    keyset = replace(tree.keyset, position=None) if tree.keyset is not None else None
    return replace(tree, root=_unbounded(tree.root), keyset=keyset)


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for embed in node.embeds:
        yield from _nodes(embed.node)


def _unbounded(node: Node) -> Node:
    embeds = tuple(_every(embed) for embed in node.embeds)
    return replace(node, where=(), limit=None, offset=None, max_rows=None, embeds=embeds)


def _every(embed: Embed) -> Embed:
    return replace(embed, inner=False, node=_unbounded(embed.node))


def _plain(node: Node, catalog: Catalog) -> bool:
    """Whether to test a row costs next to nothing: filters call no function that the planner may think dear."""
    relation = catalog.relations.get(node.relation)
    if relation is None or node.derived:
        return False
    tests = [test for predicate in node.where for test in _tests(predicate)]
    return all(
        test.column.name in relation.columns
        and test.column.representation is None
        and not isinstance(test.operation, FullText)
        and not (isinstance(test.operation, Comparison) and test.operation.quantifier is not None)
        for test in tests
    )


def _tests(predicate: Predicate) -> Iterator[Test]:
    match predicate:
        case Test():
            yield predicate
        case Group(_, children):
            for child in children:
                yield from _tests(child)
        case _:
            return


def _named(node: Node) -> Iterable[Named]:
    for test in (test for predicate in node.where for test in _tests(predicate)):
        yield Named(node.relation, test.column.name, _index(test), orders=False)
    yield from (_ordered(node, term) for term in node.order if term.join is None)


def _ordered(node: Node, term: Ordering) -> Named:
    return Named(node.relation, term.column.name, f"({_quoted(term.column.name)})", orders=True)


def _index(test: Test) -> str:
    column = _quoted(test.column.name)
    if test.column.path:
        return f"(({column}{''.join(map(_arrow, test.column.path))}))"
    match test.operation:
        case FullText():
            return f"USING gin (to_tsvector('simple', {column}))" if test.as_tsvector else f"USING gin ({column})"
        case Comparison(operator) if operator in _PATTERNS:
            return f"USING gin ({column} gin_trgm_ops)"
        case Comparison(operator) if operator in _CONTAINERS:
            return f"USING gin ({column})"
        case _:
            return f"({column})"


def _arrow(step: JsonStep) -> str:
    operand = step.operand if step.is_index else "'" + step.operand.replace("'", "''") + "'"
    return f"{'->>' if step.as_text else '->'}{operand}"


def _quoted(name: str) -> str:
    plain = name.isascii() and name.replace("_", "a").isalnum() and name == name.lower() and not name[0].isdigit()
    return name if plain else '"' + name.replace('"', '""') + '"'
