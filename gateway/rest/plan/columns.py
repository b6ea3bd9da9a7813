"""Field names of one relation, resolved: JSON paths, full-text search, domain representations, `*`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.catalog import Catalog, Column, Name, Relation
from gateway.rest.grammar.syntax import Aggregate, Field, FieldItem, FullText, JsonStep, Operation
from gateway.rest.plan.model import ColumnRef, Output

_JSON = Name("pg_catalog", "json")
_TEXT = Name("pg_catalog", "text")
_JSON_TYPES = frozenset({"json", "jsonb"})


@dataclass(frozen=True, slots=True)
class Columns:
    """`relation` is None when the rows are of no known relation: every name is then left to PostgreSQL."""

    catalog: Catalog
    relation: Relation | None

    def column(self, name: str) -> Column | None:
        return self.relation.columns.get(name) if self.relation else None

    def plain(self, field: Field) -> ColumnRef:
        """A column as it is: in orders, and below the other two."""
        column = self.column(field.name)
        to_json = bool(field.path) and (column is None or column.type not in _JSON_TYPES)
        return ColumnRef(field.name, field.path, to_json)

    def tested(self, field: Field, operation: Operation) -> tuple[ColumnRef, bool]:
        """A column in a filter, and whether full-text search has to convert it."""
        column = self.column(field.name)
        ref = self.plain(field)
        if column is None:
            return ref, False
        as_tsvector = isinstance(operation, FullText) and column.base_type != "tsvector"
        return replace(ref, representation=self._function(_TEXT, column.type_name)), as_tsvector

    def outputs(self, item: FieldItem, *, expand: bool, spread: bool) -> list[Output]:
        """The select list items that one item of `select` stands for. `expand` turns `*` into columns."""
        whole = item.field.name == "*" and item.aggregate is None
        if whole and self.relation is not None and (expand or self._represented()):
            return [self._output(FieldItem(Field(name)), spread) for name in self.relation.columns]
        if item.field.name == "*" and item.aggregate is Aggregate.COUNT and spread:
            row = ColumnRef("*", whole_row=True)
            return [Output(row, item.alias or item.aggregate.value, None, item.aggregate, item.aggregate_cast)]
        return [self._output(item, spread)]

    def _output(self, item: FieldItem, spread: bool) -> Output:
        ref = self.plain(item.field)
        column = self.column(item.field.name)
        if column is not None and not item.field.path:
            ref = replace(ref, representation=self._function(column.type_name, _JSON))
        alias = item.alias
        if alias is None and item.aggregate is not None:
            alias = item.aggregate.value if spread else None
        elif alias is None and item.field.path:
            alias = _path_name(item.field.name, item.field.path)
        elif alias is None and (ref.representation is not None or item.cast is not None):
            alias = item.field.name
        return Output(ref, alias, item.cast, item.aggregate, item.aggregate_cast)

    def _represented(self) -> bool:
        columns = self.relation.columns.values() if self.relation else ()
        return bool(self.catalog.representations) and any(
            (column.type_name, _JSON) in self.catalog.representations for column in columns
        )

    def _function(self, source: Name, target: Name) -> Name | None:
        representation = self.catalog.representations.get((source, target))
        return representation.function if representation else None


def _path_name(column: str, path: tuple[JsonStep, ...]) -> str:
    """The last key of the path names the result; a path of indexes keeps the column's name."""
    return next((step.operand for step in reversed(path) if not step.is_index), column)
