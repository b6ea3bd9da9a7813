"""Reads a stored tree: what it runs and reads. Pure.

Objects of users are recognised by their number, in whatever field it stands, so that no field is forgotten; numbers
that happen to be an object's err on the safe side. Relations, columns, claims and PostgreSQL's own functions are taken
from their fields. A node of a kind that is not known makes the tree opaque.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.catalog.code import FIRST_USER_OID
from gateway.catalog.footprint import postgresql
from gateway.catalog.footprint.claim_trees import called, claim_of, setting_name
from gateway.catalog.footprint.reading import EVERY_COLUMN, Reading
from gateway.catalog.graph import CodeGraph
from gateway.catalog.nodes import Malformed, Node, Value, parse
from gateway.catalog.nodetree import CURRENT_SETTING_OIDS, known_tags

_CALLS = frozenset({
    "funcid", "opfuncid", "aggfnoid", "winfnoid", "hashfuncid", "negfuncid", "startInRangeFunc", "endInRangeFunc",
    "tsmhandler",
})  # fmt: skip
# Numbers that are no objects, or that lead nowhere: where a column came from.
_NO_OBJECTS = frozenset({
    "constvalue", "list_end", "list_start", "location", "relid", "resorigcol", "resorigtbl", "stmt_len",
    "stmt_location",
})  # fmt: skip
_MAY_HOLD_A_CLAIM = frozenset({"FUNCEXPR", "OPEXPR", "SUBSCRIPTINGREF"})

_SELECT = "1"
_NAMED_TUPLES = "7"
_TABLEOID = -6
_COLUMN_OFFSET = 7
"""In sets of columns PostgreSQL adds this to a column's number, so that system columns fit in."""


class TreeReader:
    """Reads trees of one database. `whole` are functions that answer all claims, by OID."""

    def __init__(self, graph: CodeGraph, whole: Mapping[int, object]) -> None:
        self._graph = graph
        self._whole = whole
        self._tags = known_tags()
        self._kinds = {type_.oid: type_.kind for type_ in graph.code.types}
        self._special: Mapping[str, Callable[[Reading, Node, int], None]] = {
            "COERCEVIAIO": self._input,
            "FUNCEXPR": self._call,
            "JSONEXPR": _timed,
            "QUERY": _query,
            "RANGETBLENTRY": self._relation,
            "RTE": self._relation,
            "RTEPERMISSIONINFO": self._permissions,
            "SQLVALUEFUNCTION": _value,
            "TABLEFUNC": _timed,
            "TABLESAMPLECLAUSE": _sample,
            "VAR": _column,
        }

    def read(self, tree: str) -> Reading:
        """What the tree does. Never raises: what cannot be read is opaque."""
        reading = Reading(targets=set(self._graph.comparisons))
        try:
            self._visit(reading, parse(tree))
        except Malformed as reason:
            reading.fail(f"cannot be read: {reason}")
        except (ValueError, IndexError):
            reading.fail("cannot be read")
        return reading

    def _visit(self, reading: Reading, roots: list[Value]) -> None:
        """Visits everything, without recursion. With each value goes how many queries are around it."""
        values: list[tuple[Value, int]] = [(root, 0) for root in roots]
        while values:
            value, depth = values.pop()
            if isinstance(value, list):
                for item in value:
                    if isinstance(item, str):
                        self._number(reading, item)
                    else:
                        values.append((item, depth))
            elif isinstance(value, Node):
                values.extend(self._node(reading, value, depth))

    def _node(self, reading: Reading, node: Node, depth: int) -> list[tuple[Value, int]]:
        """Reads the node itself; what is within it, and how many queries are around that, is returned."""
        if node.tag not in self._tags:
            reading.fail(f"contains {node.tag}")
        if node.tag in _MAY_HOLD_A_CLAIM:
            claim = claim_of(node, self._whole)
            if claim is not None:
                reading.claim(claim)
                reading.seen.update(called(node))
                return []
        special = self._special.get(node.tag)
        if special is not None:
            special(reading, node, depth)
        within = depth + (node.tag == "QUERY")
        inner: list[tuple[Value, int]] = []
        for name, value in node.fields.items():
            if not isinstance(value, str):
                inner.append((value, within))
            elif name in _CALLS:
                self._function(reading, node, value)
            elif name not in _NO_OBJECTS:
                self._number(reading, value)
        return inner

    def _number(self, reading: Reading, text: str) -> None:
        """Any number may be the OID of a user-defined object. Relations are told apart by their field."""
        if len(text) >= len(str(FIRST_USER_OID)) and text.isdigit():
            found = self._graph.by_oid.get(int(text), ())
            reading.targets.update(node for node in found if node[0] != "relation")

    def _function(self, reading: Reading, node: Node, text: str) -> None:
        oid = int(text)
        if ("function", oid) in self._graph.labels:
            # A call of `current_setting` is read with its argument.
            if oid not in CURRENT_SETTING_OIDS or node.tag != "FUNCEXPR":
                reading.targets.add(("function", oid))
        elif oid >= FIRST_USER_OID:
            reading.fail(f"refers to an unknown function ({oid})")

    def _relation(self, reading: Reading, entry: Node, depth: int) -> None:
        if entry.text("rtekind") == _NAMED_TUPLES:
            reading.fail("reads the rows of a trigger")
        if entry.text("relid") not in ("", "0"):
            reading.relations.add(int(entry.text("relid")))
        self._permissions(reading, entry, depth)

    def _permissions(self, reading: Reading, entry: Node, _: int) -> None:
        """Which columns of a relation the query names is with its permissions: in the entry itself before
        PostgreSQL 16."""
        for item in entry.list("selectedCols"):
            if isinstance(item, str) and item.isdigit() and entry.text("relid").isdigit():
                number = int(item) - _COLUMN_OFFSET
                if number >= EVERY_COLUMN:
                    reading.columns.add((int(entry.text("relid")), number))

    def _call(self, reading: Reading, call: Node, _: int) -> None:
        if int(call.text("funcid")) in CURRENT_SETTING_OIDS:
            reading.setting(setting_name(call))

    def _input(self, reading: Reading, coercion: Node, _: int) -> None:
        """A text that is turned into a value: as a date, 'today' is the clock."""
        type_ = coercion.text("resulttype")
        if type_ in postgresql.NAMING_TYPES:
            reading.fail("looks up an object whose name is a value")
        elif type_ not in postgresql.PLAIN_TYPES and self._kinds.get(int(type_)) != "e":
            reading.clock = True


def _query(reading: Reading, query: Node, _: int) -> None:
    if query.text("commandType") != _SELECT:
        reading.fail("does more than select")


def _column(reading: Reading, variable: Node, depth: int) -> None:
    number = int(variable.text("varattno"))
    if number < EVERY_COLUMN and number != _TABLEOID:
        reading.fail("reads a system column")
    elif number >= EVERY_COLUMN and int(variable.text("varlevelsup")) == depth:
        reading.own.add(number)


def _value(reading: Reading, function: Node, _: int) -> None:
    value = function.text("op")
    if value in postgresql.CLOCK_VALUES:
        reading.clock = True
    elif value in postgresql.SEARCH_PATH_VALUES:
        reading.settings.add("search_path")
    elif value not in postgresql.ROLE_VALUES:
        reading.fail(f"asks for value {value} of SQL")


def _sample(reading: Reading, *_: object) -> None:
    reading.volatile = "reads a random sample"


def _timed(reading: Reading, *_: object) -> None:
    reading.clock = True
