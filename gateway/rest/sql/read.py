"""Whole statements: the rows of a tree rendered by PostgreSQL, with the counts and settings that the answer needs.

The result is one row: total (or null), rows on the page, body, then either what proves the identity (fast path) or
the response settings that SQL may have made (transaction). Reads by cursor have the place of the page's last row, a
JSON array or null, before the former or after the latter.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.database import PROOF_COLUMNS
from gateway.rest.media import ExplainRequest, Form, Rendering
from gateway.rest.plan.model import Call, ReadTree
from gateway.rest.sql.arguments import Arguments, Statement
from gateway.rest.sql.call import SCALAR, call_rows
from gateway.rest.sql.counts import count_rows
from gateway.rest.sql.names import qualified
from gateway.rest.sql.rows import ITEM, PLACE, SOURCE, RowWriter

_PAGE = "passerelle_row"
_CSV_PAGE = "passerelle_page"
RESPONSE_COLUMNS = (
    "NULLIF(pg_catalog.current_setting('response.headers', true), ''), "
    "NULLIF(pg_catalog.current_setting('response.status', true), '')"
)


@dataclass(frozen=True, slots=True)
class Counting:
    """`total`: the whole count is wanted in the statement, not beyond `at_most` rows."""

    total: bool = False
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Shaping:
    """`single_value`: a function's one value or object, not a list. `scalar`: the value has no columns.
    `binary`: a raw or custom body is bytea. `head`: no body is wanted. `keyed`: the rows are read by cursor."""

    rendering: Rendering
    head: bool = False
    scalar: bool = False
    single_value: bool = False
    binary: bool = False
    keyed: bool = False


def read_statement(
    tree: ReadTree, shaping: Shaping, counting: Counting, slots: int, *, proof: bool, call: Call | None = None
) -> Statement:
    """The statement for a read, over a relation or over the rows of `call`."""
    arguments = Arguments()
    comparable = shaping.rendering.form not in (Form.JSON, Form.OBJECT) or aggregates(tree)
    tables = [f"{SOURCE} AS ({call_rows(call, arguments, scalar=shaping.scalar)})"] if call else []
    writer = RowWriter(arguments, comparable=comparable)
    rows = writer.select(tree.root) if tree.keyset is None else writer.keyed(tree.root, tree.keyset)
    total = _total(tree, counting, arguments)
    last = PROOF_COLUMNS if proof else RESPONSE_COLUMNS
    if tree.keyset is not None:
        place = f"(pg_catalog.array_agg({_PAGE}.{PLACE}))[pg_catalog.count(*)]"
        last = f"{place}, {last}" if proof else f"{last}, {place}"
    further, origin = page_of(rows, shaping)
    tables += further
    source = f"WITH {', '.join(tables)} " if tables else ""
    # a call is counted by its rows, so that it runs even if nobody looks at its result
    page = f"pg_catalog.count({_PAGE})" if call else "pg_catalog.count(*)"
    text = f"{source}SELECT {total}, {page}, {body_of(shaping)}, {last} FROM {origin} AS {_PAGE}"
    return arguments.statement(explained(text, shaping.rendering.explain), slots)


def page_of(rows: str, shaping: Shaping) -> tuple[list[str], str]:
    """Further common table expressions, and what to read the page FROM. CSV looks at the page twice."""
    if shaping.rendering.form is Form.CSV and not shaping.head:
        return [f"{_CSV_PAGE} AS ({rows})"], _CSV_PAGE
    return [], f"({rows})"


def void_statement(call: Call, slots: int) -> Statement:
    """The statement for a function without a result; it answers one row like the others."""
    arguments = Arguments()
    rows = call_rows(call, arguments, scalar=True)
    text = f"SELECT NULL, pg_catalog.count({_PAGE}), NULL, {RESPONSE_COLUMNS} FROM ({rows}) AS {_PAGE}"
    return arguments.statement(text, slots)


def plan_statement(tree: ReadTree, slots: int) -> Statement:
    """EXPLAIN of the count, whose estimate of rows serves planned and estimated counts."""
    arguments = Arguments()
    return arguments.statement(f"EXPLAIN (FORMAT JSON) {count_rows(tree.root, arguments)}", slots)


def _total(tree: ReadTree, counting: Counting, arguments: Arguments) -> str:
    if not counting.total:
        return "NULL"
    root = tree.root
    if root.limit is None and root.offset is None and root.max_rows is None and tree.keyset is None:
        return "pg_catalog.count(*)"
    limit = f" LIMIT {counting.at_most}" if counting.at_most is not None else ""
    return f"(SELECT pg_catalog.count(*) FROM ({count_rows(root, arguments)}{limit}) AS passerelle_all)"


def aggregates(tree: ReadTree) -> bool:
    """Whether anything is aggregated, at any depth."""
    pending = [tree.root]
    while pending:
        node = pending.pop()
        if any(output.aggregate for output in node.outputs):
            return True
        for embed in node.embeds:
            if any(lifted.aggregate for lifted in embed.lifted):
                return True
            pending.append(embed.node)
    return False


# -- bodies ---------------------------------------------------------------------------------------------------------


def body_of(shaping: Shaping) -> str:
    """The expression for the body, over the rows of the page."""
    if shaping.head:
        return "NULL"
    row = f"{_PAGE}.{SCALAR}" if shaping.scalar else f"{_PAGE}.{ITEM}" if shaping.keyed else _PAGE
    rendering = shaping.rendering
    match rendering.form:
        case Form.JSON if not shaping.single_value:
            return f"COALESCE({_stripped(f'pg_catalog.json_agg({row})', rendering)}, '[]')"
        case Form.JSON | Form.OBJECT:
            return f"COALESCE({_stripped(f'pg_catalog.json_agg({row})->0', rendering)}, 'null')"
        case Form.CSV:
            return _csv(_PAGE)
        case Form.GEOJSON:
            features = f"COALESCE(pg_catalog.json_agg(ST_AsGeoJSON({row})::json), '[]')"
            return f"pg_catalog.json_build_object('type', 'FeatureCollection', 'features', {features})"
        case Form.CUSTOM:
            assert rendering.handler is not None
            handler = rendering.handler
            typed = f"{row}::{qualified(handler.relation)}" if handler.relation and not shaping.scalar else row
            return _raw(f"{qualified(handler.function)}({typed})", shaping)
        case Form.RAW:
            return _raw(f"(pg_catalog.array_agg({row}))[1]", shaping)


def _stripped(text: str, rendering: Rendering) -> str:
    return f"pg_catalog.json_strip_nulls({text})" if rendering.strip_nulls else text


def _raw(text: str, shaping: Shaping) -> str:
    # anything but bytea leaves in the text form of its own type
    return f"({text})::bytea" if shaping.binary else text


def _csv(row: str) -> str:
    """A header line of the first row's keys, then each row's text without its parentheses."""
    first = f"SELECT pg_catalog.row_to_json(r) FROM {_CSV_PAGE} AS r LIMIT 1"
    header = f"SELECT COALESCE(pg_catalog.string_agg(k, ','), '') FROM pg_catalog.json_object_keys(({first})) AS k"
    line = f"pg_catalog.substr({row}::text, 2, pg_catalog.length({row}::text) - 2)"
    return f"({header}) || E'\\n' || COALESCE(pg_catalog.string_agg({line}, E'\\n'), '')"


def explained(text: str, explain: ExplainRequest | None) -> str:
    """The statement, or EXPLAIN of it."""
    if explain is None:
        return text
    options = ["FORMAT JSON" if explain.as_json else "FORMAT TEXT", *(option.upper() for option in explain.options)]
    return f"EXPLAIN ({', '.join(options)}) {text}"
