"""A read while it is being resolved: the tree of `select` with its filters, orders and ranges hung on their nodes.

Mutable, and private to this package; `tree` turns it into the frozen `ReadTree`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.catalog import Catalog, Name, Relation, Relationship
from gateway.rest.errors import not_embedded
from gateway.rest.grammar.query import Clauses
from gateway.rest.grammar.syntax import Condition, EmbedItem, FieldItem, Join, OrderTerm, Path, SelectItem
from gateway.rest.plan.relationships import find_relationship

_UNRESOLVED = Name("", "")


@dataclass(slots=True)
class Draft:
    """`target` is the embed's name as written; `relation` and `relationship` are known once resolved."""

    target: str
    depth: int
    item: EmbedItem | None = None
    fields: list[FieldItem] = field(default_factory=list[FieldItem])
    children: list[Draft] = field(default_factory=list["Draft"])
    conditions: list[Condition] = field(default_factory=list[Condition])
    order: tuple[OrderTerm, ...] = ()
    limit: int | None = None
    offset: int | None = None
    relation: Relation | None = None
    name: Name = _UNRESOLVED
    relationship: Relationship | None = None
    sql_alias: str | None = None
    join_alias: str = ""
    addressed_by_target: bool = False

    @property
    def alias(self) -> str | None:
        return self.item.alias if self.item else None

    @property
    def key(self) -> str:
        """The name in the parent's object, and in filters."""
        return self.alias if self.alias is not None else self.target

    @property
    def spread(self) -> bool:
        return self.item is not None and self.item.spread

    @property
    def inner(self) -> bool:
        return self.item is not None and self.item.join is Join.INNER

    @property
    def to_one(self) -> bool:
        return self.relationship is not None and self.relationship.to_one

    @property
    def aggregates(self) -> bool:
        return any(item.aggregate is not None for item in self.fields)

    def walk(self) -> Iterator[Draft]:
        yield self
        for child in self.children:
            yield from child.walk()


def draft(root: str, clauses: Clauses, *, legacy_names: bool, ranges: bool = True) -> Draft:
    """The tree of names; filters, orders and ranges are put where their paths lead. Raises PGRST108."""
    tree = _node(root, 0, None, clauses.select)
    for path, condition in clauses.conditions:
        _lead(tree, path, legacy_names).conditions.append(condition)
    for path, order in clauses.orders:
        _lead(tree, path, legacy_names).order = order
    if ranges:
        for path, slot in clauses.limits.items():
            _lead(tree, path, legacy_names).limit = slot
        for path, slot in clauses.offsets.items():
            _lead(tree, path, legacy_names).offset = slot
    return tree


def _node(target: str, depth: int, item: EmbedItem | None, items: Sequence[SelectItem]) -> Draft:
    node = Draft(target, depth, item)
    for each in items:
        if isinstance(each, FieldItem):
            node.fields.append(each)
        else:
            node.children.append(_node(each.target, depth + 1, each, each.items))
    return node


def _lead(node: Draft, path: Path, legacy_names: bool) -> Draft:
    for step in path:
        found = next((child for child in node.children if _answers(child, step, legacy_names)), None)
        if found is None:
            other = None if legacy_names else next((c for c in node.children if _answers(c, step, True)), None)
            raise not_embedded(step, other.alias if other else None)
        if found.alias is not None and step == found.target != found.alias:
            found.addressed_by_target = True
        node = found
    return node


def _answers(child: Draft, step: str, legacy_names: bool) -> bool:
    """Whether an embed goes by this name; under legacy rules its target's name counts beside its alias."""
    return step == child.key or (legacy_names and step == child.target)


def resolve(node: Draft, catalog: Catalog) -> None:
    """Find the relationship of every embed, from the root down. Raises PGRST200 or PGRST201."""
    for child in node.children:
        item = child.item
        assert item is not None  # only the root has none
        relationship = find_relationship(catalog, node.name, child.target, item.hint)
        child.relationship = relationship
        child.name = relationship.target
        child.relation = catalog.relations.get(relationship.target)
        child.sql_alias = _alias(relationship.target.name, f"_{child.depth}")
        child.join_alias = _alias(f"{relationship.origin.name}_{child.key}", f"_{child.depth}")
        resolve(child, catalog)


_ALIAS_BYTES = 40
"""PostgreSQL cuts identifiers after 63 bytes, and what makes an alias unique stands at its end. The rest of the room
is for what is appended where the alias is used."""


def _alias(name: str, ending: str) -> str:
    """`name` with `ending`; of a name that is too long, the beginning and a digest of the whole."""
    encoded = name.encode(errors="replace")
    if len(encoded) > _ALIAS_BYTES:
        digest = hashlib.blake2b(encoded, digest_size=4).hexdigest()
        name = f"{encoded[: _ALIAS_BYTES - 9].decode(errors='ignore')}_{digest}"
    return name + ending
