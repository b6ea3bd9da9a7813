"""A table's file -> TableRules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.policies.files.codes import Code
from gateway.policies.files.documents import Document
from gateway.policies.files.rules.answers import read_cache, read_limits, read_realtime
from gateway.policies.files.rules.row_policies import Expand, read_row_policies
from gateway.policies.files.schema.keys import PRIVILEGES
from gateway.policies.files.values.nodes import Reading
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.tree import Node, Scalar
from gateway.policies.model import COLUMN_PRIVILEGES, Defaults, Grant, TableRules

WHOLE: Final = "all"


def read_table(document: Document, defaults: Defaults, expand: Expand) -> TableRules | None:
    """What the file says about its table, its tests aside."""
    reading, fields = document.reading, document.fields
    table = reading.relation(fields.node("table"), "`table`")
    reading.subject = str(table) if table else ""
    reading.description(fields)
    row_security = fields.node("row_security")
    on = reading.boolean(row_security, "`row_security`") if row_security else True
    grants = tuple(_grants(reading, fields.node("grants")))
    rows = read_row_policies(reading, fields.node("rows"), expand)
    realtime = read_realtime(reading, fields.node("realtime"), defaults.realtime)
    cache = read_cache(reading, fields.node("cache"), defaults.cache)
    limits = read_limits(reading, fields.node("limits"), defaults.limits)
    if table is None:
        return None
    place = reading.place(fields.start_of("table"))
    return TableRules(table, grants, rows, on is not False, realtime, cache, limits, place)


def _grants(reading: Reading, node: Node | None) -> Iterator[Grant]:
    for key, privileges in reading.pairs(node, "`grants`"):
        role = reading.role(key, "a role")
        fields = reading.fields(privileges, PRIVILEGES, f"the grants of {shown(key.value)}")
        for privilege, (start, value) in fields.entries.items() if fields else ():
            columns = _columns(reading, value, privilege)
            if role is not None:
                yield Grant(role, privilege, columns, reading.place(start.start))


def _columns(reading: Reading, node: Node, privilege: str) -> frozenset[str] | None:
    """None for the whole table."""
    if isinstance(node, Scalar):
        reading.choice(node, f"`{privilege}`", (WHOLE,))
        return None
    columns = reading.each(node, f"`{privilege}`", reading.name)
    if columns and privilege not in COLUMN_PRIVILEGES:
        message = f"PostgreSQL grants {privilege} on whole tables only"
        reading.refuse(Code.WRONG_KIND, node.start, message, f"write `{privilege}: {WHOLE}`")
    return frozenset(columns) if columns else None
