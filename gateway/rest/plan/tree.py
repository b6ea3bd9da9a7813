"""From clauses and catalog to a `ReadTree` (PostgREST docs: "Resource Embedding", "Aggregate Functions")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.catalog import Catalog, Name
from gateway.rest.errors import aggregates_disabled, not_embedded, not_implemented, related_order_not_to_one
from gateway.rest.grammar.query import Clauses
from gateway.rest.grammar.syntax import Condition, Filter, Is, Logic, OrderTerm
from gateway.rest.plan.columns import Columns
from gateway.rest.plan.draft import Draft, draft, resolve
from gateway.rest.plan.keyset import complete, keyset
from gateway.rest.plan.model import (
    ColumnRef,
    Embed,
    Group,
    Lifted,
    Mode,
    Node,
    Ordering,
    Output,
    Predicate,
    Presence,
    ReadTree,
    Test,
)
from gateway.rest.plan.trust import opaque_reason
from gateway.rest.plan.uses import uses


@dataclass(frozen=True, slots=True)
class ReadRules:
    """The settings that shape reads."""

    aggregates: bool = False
    legacy_names: bool = True
    max_rows: int | None = None


def read_tree(
    clauses: Clauses,
    relation: Name,
    catalog: Catalog,
    rules: ReadRules,
    *,
    limit: int | None = None,
    offset: int | None = None,
    derived: bool = False,
    limited: bool = True,
    max_rows: int | None = None,
) -> ReadTree:
    """Resolve a read of `relation`; `limit` and `offset` are the root's slots. When `derived`, the rows are those of
    a function or a write, whose result has the relation's type (or none that the catalog knows). The root has at most
    `max_rows` rows; each relation may have a limit of its own, and the lowest counts. Without `limited` neither ranges
    nor any such limit apply.

    Raises PGRST108, 118, 123, 127, 200, 201, PGRSTX51, PGRSTX52.
    """
    root = draft(relation.name, clauses, legacy_names=rules.legacy_names, ranges=limited)
    root.name, root.relation = relation, catalog.relations.get(relation)
    root.sql_alias = relation.name if derived else None
    resolve(root, catalog)
    root.limit, root.offset = limit, offset
    if clauses.after is not None:
        root.order = complete(root.order, root.relation)
    if not rules.aggregates and any(node.aggregates for node in root.walk()):
        raise aggregates_disabled()
    builder = _Builder(catalog, rules, limited=limited)
    node = builder.node(root, expand=False, derived=derived, max_rows=max_rows)
    plain = len(root.fields) == 1 and root.fields[0].field.name == "*" and root.fields[0].aggregate is None
    names = tuple((n.target, n.alias) for n in root.walk() if n.addressed_by_target and n.alias is not None)
    opaque = opaque_reason(root, catalog)
    keys = keyset(node.order, clauses.after, root.relation) if clauses.after is not None else None
    return ReadTree(node, opaque, plain and not root.children, uses(root, catalog, derived=derived), names, keys)


class _Builder:
    def __init__(self, catalog: Catalog, rules: ReadRules, *, limited: bool) -> None:
        self._catalog = catalog
        self._rules = rules
        self._limited = limited

    def _max_rows(self, node: Draft, own: int | None) -> int | None:
        limits = (own, self._rules.max_rows, node.relation.max_rows if node.relation else None)
        return min((limit for limit in limits if limit is not None), default=None) if self._limited else None

    def node(self, node: Draft, *, expand: bool, derived: bool = False, max_rows: int | None = None) -> Node:
        many_spread = node.spread and not node.to_one
        expand = expand or node.aggregates or many_spread
        columns = Columns(self._catalog, node.relation)
        outputs = [o for item in node.fields for o in columns.outputs(item, expand=expand, spread=node.spread)]
        embeds = [self._embed(child, expand) for child in node.children]
        order = tuple(self._ordering(term, node, columns) for term in node.order)
        if many_spread:
            if any(o.aggregate for o in outputs) or any(lifted.aggregate for e in embeds for lifted in e.lifted):
                raise not_implemented("Aggregates are not implemented for one-to-many or many-to-many spreads.")
            outputs += _order_outputs(node, order)
            order = ()
        elif node.spread:  # aggregates of a to-one spread are taken by the parent, over all its rows
            outputs = [Output(o.column, o.alias or o.name if o.aggregate else o.alias, o.cast) for o in outputs]
            embeds = [_without_aggregates(embed) for embed in embeds]
        where = tuple(self._predicate(condition, node, columns) for condition in node.conditions)
        return Node(
            node.name,
            node.sql_alias,
            tuple(outputs),
            tuple(embeds),
            where,
            order,
            node.limit,
            node.offset,
            self._max_rows(node, max_rows),
            derived,
        )

    def _embed(self, child: Draft, expand: bool) -> Embed:
        assert child.relationship is not None
        node = self.node(child, expand=expand)
        if child.spread:
            mode = Mode.SPREAD_ONE if child.to_one else Mode.SPREAD_MANY
        else:
            mode = Mode.OBJECT if child.to_one else Mode.ARRAY
        lifted = self._lifted(child, node, expand) if child.spread else ()
        row_order: tuple[Ordering, ...] = ()
        if mode is Mode.SPREAD_MANY:
            columns = Columns(self._catalog, child.relation)
            terms = [self._ordering(term, child, columns) for term in child.order]
            row_order = tuple(
                Ordering(ColumnRef(_order_name(child, at)), None, term.descending, term.nulls_first)
                for at, term in enumerate(terms)
            )
        return Embed(
            child.key, child.join_alias, child.relationship, mode, child.inner, _hidden(child), node, lifted, row_order
        )

    def _lifted(self, child: Draft, node: Node, expand: bool) -> tuple[Lifted, ...]:
        """The columns of a spread, with the aggregates that its own select list asked for."""
        columns = Columns(self._catalog, child.relation)
        expand = expand or child.aggregates or not child.to_one
        outputs = [o for item in child.fields for o in columns.outputs(item, expand=expand, spread=True)]
        own = [Lifted(o.name, o.alias if o.aggregate else None, o.aggregate, o.aggregate_cast) for o in outputs]
        nested: list[Lifted] = []
        for embed, grandchild in zip(node.embeds, child.children, strict=True):
            if embed.mode in (Mode.OBJECT, Mode.ARRAY):
                nested += [] if embed.hidden else [Lifted(embed.key)]
            else:
                nested += self._lifted(grandchild, embed.node, expand)
        return tuple(own + nested)

    def _predicate(self, condition: Condition, node: Draft, columns: Columns) -> Predicate:
        if isinstance(condition, Logic):
            children = tuple(self._predicate(child, node, columns) for child in condition.children)
            return Group(condition.operator, children, condition.negated)
        return _presence(condition, node) or _test(condition, columns)

    def _ordering(self, term: OrderTerm, node: Draft, columns: Columns) -> Ordering:
        if term.relation is None:
            return Ordering(columns.plain(term.field), None, term.descending, term.nulls_first)
        embed = next((child for child in node.children if child.key == term.relation), None)
        if embed is None:
            raise not_embedded(term.relation)
        if not embed.to_one:
            raise related_order_not_to_one(node.name.name, embed.key)
        column = Columns(self._catalog, embed.relation).plain(term.field)
        return Ordering(column, embed.join_alias, term.descending, term.nulls_first)


def own_predicate(condition: Condition, columns: Columns) -> Predicate:
    """A condition whose names are all columns of one relation, whatever is embedded."""
    if isinstance(condition, Logic):
        children = tuple(own_predicate(child, columns) for child in condition.children)
        return Group(condition.operator, children, condition.negated)
    return _test(condition, columns)


def _presence(condition: Filter, node: Draft) -> Presence | None:
    """A null filter whose name is an embed's tests whether the embed has rows."""
    if condition.field.path or not isinstance(condition.operation, Is) or condition.operation.keyword != "NULL":
        return None
    embed = next((child for child in node.children if child.key == condition.field.name), None)
    return Presence(embed.join_alias, condition.negated, not embed.to_one) if embed else None


def _test(condition: Filter, columns: Columns) -> Test:
    column, as_tsvector = columns.tested(condition.field, condition.operation)
    return Test(column, condition.operation, condition.negated, as_tsvector)


def _hidden(node: Draft) -> bool:
    """An embed whose select list is empty, all the way down."""
    return not node.fields and all(_hidden(child) for child in node.children)


def _without_aggregates(embed: Embed) -> Embed:
    if not any(lifted.aggregate for lifted in embed.lifted):
        return embed
    return replace(embed, lifted=tuple(Lifted(lifted.name, lifted.alias) for lifted in embed.lifted))


def _order_name(node: Draft, at: int) -> str:
    return f"{node.join_alias}_order_{at}"


def _order_outputs(node: Draft, order: Sequence[Ordering]) -> Iterable[Output]:
    """Columns that order the arrays of a to-many spread must be selected, under names nobody else uses."""
    for at, term in enumerate(order):
        yield Output(term.column, _order_name(node, at), join=term.join)
