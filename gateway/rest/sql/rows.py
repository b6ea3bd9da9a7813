"""The rows of a read tree: one SELECT, embeds as lateral joins."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.catalog import Relationship
from gateway.rest.grammar.syntax import Aggregate
from gateway.rest.plan.model import Embed, Key, Keyset, Lifted, Mode, Node, Ordering, Output, Presence
from gateway.rest.sql.arguments import Arguments
from gateway.rest.sql.keyset import Compared, after, position
from gateway.rest.sql.names import node_prefix, qualified, quote_identifier
from gateway.rest.sql.predicates import column, predicate, represented

SOURCE = "passerelle_source"
"""The common table expression that holds the rows of a function call or of a write."""

ITEM = "passerelle_item"
PLACE = "passerelle_place"
"""The columns of a read by cursor: a row, and its place in the order as a JSON array."""

_ROWS = '"passerelle_rows"'
"""The column of a to-many join that holds the array of its rows; null if there are none."""


class RowWriter:
    """Writes the rows of a tree. Embeds become `json`, or `jsonb` if `comparable` (for GROUP BY, and for renderings
    that show a row as text, where PostgREST's spacing matters)."""

    def __init__(self, arguments: Arguments, *, comparable: bool) -> None:
        self._arguments = arguments
        self._json = "::jsonb" if comparable else ""

    def select(self, node: Node, parent: str | None = None, relationship: Relationship | None = None) -> str:
        """The SELECT for `node`; below the root `parent` is the quoted name of the parent's rows."""
        prefix = node_prefix(node)
        items, grouped = self._items(node, prefix)
        joins = "".join(self._join(embed, prefix) for embed in node.embeds)
        return (
            f"SELECT {', '.join(items)} FROM {self._source(node, parent, relationship)}{joins}"
            f"{self._where(node, prefix, parent, relationship)}"
            f"{f' GROUP BY {grouped}' if grouped else ''}{self._order(node.order, prefix)}{self._range(node)}"
        )

    def keyed(self, node: Node, keyset: Keyset) -> str:
        """The SELECT for a root read by cursor: each row as one value `passerelle_item`, and `passerelle_place`, its
        place in the order."""
        prefix = node_prefix(node)
        items, _ = self._items(node, prefix)
        joins = "".join(self._join(embed, prefix) for embed in node.embeds)
        place = position([self._key(key, prefix) for key in keyset.keys])
        where = self._where(node, prefix, None, None)
        if keyset.position is not None:
            terms = [self._compared(*pair, prefix) for pair in zip(keyset.keys, keyset.position, strict=True)]
            where += f"{' AND ' if where else ' WHERE '}{after(terms)}"
        return (
            f"SELECT {ITEM}, {place} AS {PLACE} FROM {self._source(node, None, None)}{joins} "
            f"CROSS JOIN LATERAL (SELECT {', '.join(items)}) AS {ITEM}"
            f"{where}{self._order(node.order, prefix)}{self._range(node)}"
        )

    def _key(self, key: Key, prefix: str) -> str:
        return column(key.column, quote_identifier(key.join) if key.join is not None else prefix, self._arguments)

    def _compared(self, key: Key, slot: int | None, prefix: str) -> Compared:
        value = self._arguments.slot(slot) if slot is not None else None
        return Compared(self._key(key, prefix), value, key.descending, key.nulls_first, key.nullable)

    # -- select list ------------------------------------------------------------------------------------------------

    def _items(self, node: Node, prefix: str) -> tuple[list[str], str]:
        """The select list, and the positions to group by (empty if nothing is aggregated)."""
        items: list[str] = []
        grouped: list[int] = []
        aggregated = False
        for text, aggregate in self._each_item(node, prefix):
            items.append(text)
            aggregated = aggregated or aggregate
            if not aggregate:
                grouped.append(len(items))
        return items, ", ".join(map(str, grouped)) if aggregated else ""

    def _each_item(self, node: Node, prefix: str) -> Iterable[tuple[str, bool]]:
        for output in node.outputs:
            yield self._output(output, prefix), output.aggregate is not None
        for embed in node.embeds:
            join = quote_identifier(embed.join)
            if embed.mode in (Mode.SPREAD_ONE, Mode.SPREAD_MANY):
                for lifted in embed.lifted:
                    yield _lifted(lifted, join), lifted.aggregate is not None
            elif not embed.hidden:
                yield f"{self._embedded(embed, join)} AS {quote_identifier(embed.key)}", False

    def _embedded(self, embed: Embed, join: str) -> str:
        if embed.mode is Mode.OBJECT:
            return f"pg_catalog.row_to_json({join}.*){self._json}"
        return f"COALESCE({join}.{_ROWS}, '[]')"

    def _output(self, output: Output, prefix: str) -> str:
        if output.join is not None:
            prefix = quote_identifier(output.join)
        if output.aggregate is Aggregate.COUNT and output.column.name == "*" and not output.column.whole_row:
            text = "COUNT(*)"
        else:
            text = represented(output.column, prefix, self._arguments)
            if output.cast is not None:
                text = f"CAST({text} AS {output.cast})"
            text = _aggregated(text, output.aggregate)
        if output.aggregate_cast is not None:
            text = f"CAST({text} AS {output.aggregate_cast})"
        return f"{text} AS {quote_identifier(output.alias)}" if output.alias is not None else text

    # -- joins ------------------------------------------------------------------------------------------------------

    def _join(self, embed: Embed, parent: str) -> str:
        rows = self.select(embed.node, parent, embed.relationship)
        join = quote_identifier(embed.join)
        kind = "INNER" if embed.inner else "LEFT"
        if embed.mode in (Mode.OBJECT, Mode.SPREAD_ONE):
            return f" {kind} JOIN LATERAL ({rows}) AS {join} ON TRUE"
        items = [f"pg_catalog.json_agg({join}){self._json} AS {_ROWS}"]
        if embed.mode is Mode.SPREAD_MANY:
            order = self._order(embed.row_order, join)
            items += [self._array(lifted, join, order) for lifted in embed.lifted]
        condition = f"{join}.{_ROWS} IS NOT NULL" if embed.inner else "TRUE"
        return f" {kind} JOIN LATERAL (SELECT {', '.join(items)} FROM ({rows}) AS {join}) AS {join} ON {condition}"

    def _array(self, lifted: Lifted, join: str, order: str) -> str:
        name = quote_identifier(lifted.name)
        return f"COALESCE(pg_catalog.json_agg({join}.{name}{order}), '[]'){self._json} AS {name}"

    def _source(self, node: Node, parent: str | None, relationship: Relationship | None) -> str:
        if node.derived:
            return f"{SOURCE} AS {node_prefix(node)}"
        return source(node, parent, relationship)

    def _where(self, node: Node, prefix: str, parent: str | None, relationship: Relationship | None) -> str:
        parts = [predicate(condition, prefix, self._arguments, _joined) for condition in node.where]
        if relationship is not None and parent is not None:
            parts += join_conditions(relationship, prefix, parent, node)
        return f" WHERE {' AND '.join(parts)}" if parts else ""

    # -- order and range --------------------------------------------------------------------------------------------

    def _order(self, terms: tuple[Ordering, ...], prefix: str) -> str:
        if not terms:
            return ""
        return " ORDER BY " + ", ".join(self._term(term, prefix) for term in terms)

    def _term(self, term: Ordering, prefix: str) -> str:
        if term.join is not None:
            prefix = quote_identifier(term.join)
        text = column(term.column, prefix, self._arguments)
        if term.descending is not None:
            text += " DESC" if term.descending else " ASC"
        if term.nulls_first is not None:
            text += " NULLS FIRST" if term.nulls_first else " NULLS LAST"
        return text

    def _range(self, node: Node) -> str:
        text = ""
        if node.limit is not None:
            limit = self._arguments.slot(node.limit)
            if node.max_rows is not None:
                limit = f"LEAST({limit}::bigint, {node.max_rows})"
            text = f" LIMIT {limit}"
        elif node.max_rows is not None:
            text = f" LIMIT {node.max_rows}"
        if node.offset is not None:
            text += f" OFFSET {self._arguments.slot(node.offset)}"
        return text


def source(node: Node, parent: str | None, relationship: Relationship | None) -> str:
    """What a node is read FROM: its relation, the junction before it, or a computed relationship's function."""
    if relationship is None or parent is None:
        return qualified(node.relation)
    alias = node_prefix(node)
    if relationship.function is not None:
        # the cast chooses between overloads, and tells the type of rows that come from a function call
        row = quote_identifier(relationship.origin.name) if parent == qualified(relationship.origin) else parent
        return f"{qualified(relationship.function)}({row}::{qualified(relationship.origin)}) AS {alias}"
    text = f"{qualified(node.relation)} AS {alias}"
    if relationship.junction is not None:
        text += f", {qualified(relationship.junction.table)} AS {_junction(node)}"
    return text


def join_conditions(relationship: Relationship, prefix: str, parent: str, node: Node) -> list[str]:
    """The equalities between a node's rows and its parent's."""
    if relationship.function is not None:
        return []
    if relationship.junction is None:
        return [
            f"{prefix}.{quote_identifier(own)} = {parent}.{quote_identifier(its)}" for its, own in relationship.columns
        ]
    between = _junction(node)
    ends = ((prefix, relationship.junction.target_columns), (parent, relationship.junction.origin_columns))
    return [
        f"{between}.{quote_identifier(there)} = {end}.{quote_identifier(here)}"
        for end, pairs in ends
        for here, there in pairs
    ]


def _junction(node: Node) -> str:
    assert node.alias is not None  # only the root has none
    return quote_identifier(f"{node.alias}_junction")


def _joined(presence: Presence) -> str:
    join = quote_identifier(presence.join)
    if presence.many:
        return f"{join}.{_ROWS} IS {'NOT ' if presence.present else ''}NULL"
    # a join without rows is null as a whole; a row whose fields are all null is not, hence no plain IS NULL
    return f"{join} IS {'' if presence.present else 'NOT '}DISTINCT FROM NULL"


def _aggregated(text: str, aggregate: Aggregate | None) -> str:
    return f"{aggregate.value.upper()}({text})" if aggregate else text


def _lifted(lifted: Lifted, join: str) -> str:
    text = f"{join}.*" if lifted.name == "*" else f"{join}.{quote_identifier(lifted.name)}"
    text = _aggregated(text, lifted.aggregate)
    if lifted.aggregate_cast is not None:
        text = f"CAST({text} AS {lifted.aggregate_cast})"
    return f"{text} AS {quote_identifier(lifted.alias)}" if lifted.alias is not None else text
