"""Rows that tests are about: `given` and `rows`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gateway.policies.files.codes import Code
from gateway.policies.files.schema.keys import NEW_ROW, ROW
from gateway.policies.files.values.nodes import Reading
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.tree import Node
from gateway.policies.model import NewRow, QualifiedName


@dataclass(frozen=True, slots=True)
class Row:
    """A row to ask about: `key` finds it; `new` is what the owner inserts first if it does not exist."""

    name: str
    table: QualifiedName
    key: Mapping[str, Any]
    new: NewRow | None

    @property
    def given(self) -> tuple[NewRow, ...]:
        return (self.new,) if self.new else ()


def read_given(reading: Reading, node: Node | None) -> tuple[NewRow, ...]:
    """The rows to insert, in order."""
    found: list[NewRow] = []
    for item in reading.items(node, "`given`"):
        fields = reading.fields(item, NEW_ROW)
        if fields is None:
            continue
        table = reading.relation(fields.node("table"), "`table`")
        values = reading.row(fields.node("values"), "`values`", may_be_empty=True)
        if table is not None:
            found.append(NewRow(table, MappingProxyType(values), reading.place(fields.start)))
    return tuple(found)


def read_rows(reading: Reading, node: Node | None) -> dict[str, Row | None]:
    """The rows by name; None stands for one that was refused."""
    found: dict[str, Row | None] = {}
    for key, value in reading.pairs(node, "`rows`"):
        if not key.value:
            reading.refuse(Code.NOT_A_NAME, key.start, "a row needs a name")
        found[key.value] = _row(reading, key.value, value)
    return found


def _row(reading: Reading, name: str, node: Node) -> Row | None:
    fields = reading.fields(node, ROW, f"the row {shown(name)}")
    if fields is None:
        return None
    table = reading.relation(fields.node("table"), "`table`")
    key = reading.row(fields.node("key"), "`key`")
    values = reading.row(fields.node("values"), "`values`", may_be_empty=True)
    if table is None:
        return None
    place = reading.place(fields.start)
    new = NewRow(table, MappingProxyType(values), place) if "values" in fields else None
    return Row(name, table, MappingProxyType(key), new)
