"""Which relationship an embed means (PostgREST docs: "Resource Embedding", "Foreign Key Joins on Multiple …")."""

from __future__ import annotations

from gateway.catalog import Cardinality, Catalog, Name, Relationship
from gateway.rest.errors import ambiguous_relationship, no_relationship
from gateway.rest.plan.suggest import closest

_REMOTE = 0.33
"""Among the few relationships of one relation even a remote similarity helps (PostgREST's threshold)."""


def find_relationship(catalog: Catalog, origin: Name, target: str, hint: str | None) -> Relationship:
    """The one relationship from `origin` that `target!hint` selects. Raises PGRST200 or PGRST201."""
    candidates = catalog.relationships.get(origin, ())
    found = [r for r in candidates if r.target.schema == origin.schema and _selects(r, target, hint)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ambiguous_relationship(origin.name, target, found)
    raise no_relationship(origin.name, target, hint, origin.schema, _suggestion(catalog, origin, target))


def _selects(relationship: Relationship, target: str, hint: str | None) -> bool:
    if relationship.function is not None:
        return target == relationship.function.name
    if relationship.is_self:
        return _selects_self(relationship, target, hint)
    by_table = target == relationship.target.name
    if hint is not None:
        return by_table and hint in _hints(relationship)
    if by_table:
        return True
    if relationship.target_is_view or relationship.cardinality is Cardinality.MANY_TO_MANY:
        return False
    return target == relationship.constraint or target == _single(relationship, 0)


def _selects_self(relationship: Relationship, target: str, hint: str | None) -> bool:
    """A foreign key to its own table gives two relationships: the table's name means the children, the column's
    name the parent."""
    children = relationship.cardinality is Cardinality.ONE_TO_MANY and target == relationship.target.name
    if hint is not None:
        return children and hint == _single(relationship, 1)
    parent = relationship.cardinality is Cardinality.MANY_TO_ONE and target == _single(relationship, 0)
    return children or parent


def _hints(relationship: Relationship) -> tuple[str | None, ...]:
    if relationship.junction is not None:
        return (relationship.junction.table.name,)
    return (relationship.constraint, _single(relationship, 0), _single(relationship, 1))


def _single(relationship: Relationship, side: int) -> str | None:
    """The column of a single-column key on the origin's (0) or the target's (1) side."""
    return relationship.columns[0][side] if len(relationship.columns) == 1 else None


def _suggestion(catalog: Catalog, origin: Name, target: str) -> str | None:
    if origin not in catalog.relations:
        origins = {name.name for name in catalog.relationships if name.schema == origin.schema}
        similar = closest(origin.name, sorted(origins), at_least=_REMOTE)
        return f"Perhaps you meant '{similar}' instead of '{origin.name}'." if similar else None
    targets = {r.target.name for r in catalog.relationships.get(origin, ())}
    similar = closest(target, sorted(targets), at_least=_REMOTE) if target not in targets else None
    return f"Perhaps you meant '{similar}' instead of '{target}'." if similar else None
