"""Statements that write. The written rows are the source of the read that answers, as PostgREST does it."""

from __future__ import annotations

from gateway.catalog import Relation
from gateway.rest.plan.model import ReadTree
from gateway.rest.plan.write import Conflict, Write, WriteKind, WrittenColumn
from gateway.rest.sql.arguments import Arguments, Statement
from gateway.rest.sql.names import qualified, quote_identifier
from gateway.rest.sql.predicates import predicate
from gateway.rest.sql.read import RESPONSE_COLUMNS, Shaping, body_of, explained, page_of
from gateway.rest.sql.rows import SOURCE, RowWriter
from gateway.rest.sql.update import BODY, assigned, found_columns, given_rows

_ROW = "passerelle_row"
_PAYLOAD = "passerelle_payload"
_COUNTER = "passerelle.inserted"
"""A setting that counts, within the statement: rows tried up, rows that existed down. What remains was inserted."""


def write_statement(
    write: Write, tree: ReadTree, shaping: Shaping, slots: int, *, represented: bool, located: bool
) -> Statement:
    """The statement for `write`, answering one row: null, rows affected, body, response headers and status, the
    primary key of a single new row as JSON (`located`), and how many rows were really inserted. Updates by key answer
    further how many rows the body has, how many different keys, and how many of these were found.

    `represented`: the client wants the rows back, read by `tree`.
    """
    arguments = Arguments()
    source = f"{SOURCE} AS ({_written(write, arguments)})"
    if write.match:
        source = f"{BODY} AS MATERIALIZED ({given_rows(write, arguments)}), {source}"
    return answer_statement(
        arguments,
        source,
        write.relation,
        tree=tree,
        shaping=shaping,
        slots=slots,
        represented=represented,
        located=located,
        further=found_columns(write),
    )


def answer_statement(
    arguments: Arguments,
    source: str,
    relation: Relation,
    *,
    tree: ReadTree,
    shaping: Shaping,
    slots: int,
    represented: bool,
    located: bool,
    further: str = "",
) -> Statement:
    """The statement that answers for written rows: `source` are common table expressions, the last of them SOURCE;
    `further` are columns of the answer beyond those that every write has (see `write_statement`)."""
    rows = RowWriter(arguments, comparable=True).select(tree.root) if represented else f"SELECT * FROM {SOURCE}"
    body = body_of(shaping) if represented else "NULL"
    pages, origin = page_of(rows, shaping)
    counted = "NULLIF(pg_catalog.current_setting('passerelle.inserted', true), '')"
    text = (
        f"WITH {', '.join([source, *pages])} SELECT NULL, pg_catalog.count({_ROW}), {body}, {RESPONSE_COLUMNS}, "
        f"{_location(relation) if located else 'NULL'}, {counted}{further} FROM {origin} AS {_ROW}"
    )
    return arguments.statement(explained(text, shaping.rendering.explain), slots)


def _written(write: Write, arguments: Arguments) -> str:
    match write.kind:
        case WriteKind.INSERT:
            return insert_rows(write, arguments)
        case WriteKind.UPDATE:
            return _update(write, arguments)
        case WriteKind.DELETE:
            table = qualified(write.relation.name)
            return f"DELETE FROM {table}{_where(write, table, arguments)}{_returning(write)}"


def insert_rows(write: Write, arguments: Arguments) -> str:
    """The INSERT of the rows of the body, RETURNING what `write` says."""
    names = [quote_identifier(column.name) for column in write.columns]
    into = f" ({', '.join(names)})" if names else ""
    picked = ", ".join(f"{BODY}.{name}" for name in names)
    conditions = [predicate(condition, BODY, arguments, _no_embeds) for condition in write.where]
    counted = write.conflict is not None and write.conflict.update
    if counted:
        conditions.insert(0, f"{_count(1)} <> '0'")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"INSERT INTO {qualified(write.relation.name)}{into} SELECT {picked} "
        f"FROM {body_rows(write, arguments)}{where}{_on_conflict(write, write.conflict)}{_returning(write)}"
    )


def _update(write: Write, arguments: Arguments) -> str:
    table = qualified(write.relation.name)
    if not write.assigned:
        # nothing to set: no row is touched, but the columns of the answer are there
        prefix = quote_identifier(write.relation.name.name)
        items = ", ".join(_returned(name, prefix) for name in write.returning) or "NULL"
        return f"SELECT {items} FROM {table} WHERE false"
    assignments = ", ".join(f"{quote_identifier(c.name)} = {assigned(c, table, arguments)}" for c in write.assigned)
    source = BODY if write.match else body_rows(write, arguments)
    return f"UPDATE {table} SET {assignments} FROM {source}{_where(write, table, arguments)}{_returning(write)}"


def _where(write: Write, prefix: str, arguments: Arguments) -> str:
    parts = [f"{prefix}.{name} = {BODY}.{name}" for name in map(quote_identifier, write.match)]
    parts += [predicate(condition, prefix, arguments, _no_embeds) for condition in write.where]
    return f" WHERE {' AND '.join(parts)}" if parts else ""


def _no_embeds(presence: object) -> str:
    raise AssertionError(presence)  # the conditions of a write are on columns only


def _returning(write: Write) -> str:
    prefix = qualified(write.relation.name)
    names = write.returning if "*" in write.returning else dict.fromkeys((*write.returning, *write.match))
    items = ", ".join(_returned(name, prefix) for name in names) or "1"
    return f" RETURNING {items}"


def _returned(name: str, prefix: str) -> str:
    return f"{prefix}.*" if name == "*" else f"{prefix}.{quote_identifier(name)}"


def _on_conflict(write: Write, conflict: Conflict | None) -> str:
    if conflict is None:
        return ""
    target = ", ".join(quote_identifier(name) for name in conflict.columns)
    names = [quote_identifier(column.name) for column in write.columns]
    if not conflict.update or not names:
        return f" ON CONFLICT ({target}) DO NOTHING"
    assignments = ", ".join(f"{name} = EXCLUDED.{name}" for name in names)
    return f" ON CONFLICT ({target}) DO UPDATE SET {assignments} WHERE {_count(-1)} <> '-1'"


def _count(by: int) -> str:
    """Adds to the counter; the text of its new value."""
    current = f"COALESCE(NULLIF(pg_catalog.current_setting('{_COUNTER}', true), '')::int, 0)"
    return f"pg_catalog.set_config('{_COUNTER}', ({current} + {by})::text, true)"


def _location(relation: Relation) -> str:
    keys = ", ".join(quote_identifier(name) for name in relation.primary_key)
    if not keys:
        return "NULL"
    first = f"(SELECT {keys} FROM {SOURCE} LIMIT 1) AS passerelle_key"
    texts = "pg_catalog.json_each_text(pg_catalog.row_to_json(passerelle_key)) AS passerelle_text(name, value)"
    pairs = f"SELECT pg_catalog.json_object_agg(passerelle_text.name, passerelle_text.value) FROM {first}, {texts}"
    return f"CASE WHEN pg_catalog.count(*) = 1 THEN ({pairs}) END"


# -- the body -------------------------------------------------------------------------------------------------------


def body_rows(write: Write, arguments: Arguments) -> str:
    """The rows of the body as `passerelle_body`, typed by the columns."""
    assert write.body is not None
    kind = "jsonb" if write.defaults else "json"
    payload = f"(SELECT {arguments.slot(write.body)}::{kind} AS data) AS {_PAYLOAD}"
    data = f"{_PAYLOAD}.data"
    if write.defaults and write.columns:
        payload += f", LATERAL ({_with_defaults(write, data, arguments)}) AS passerelle_filled"
        data = "passerelle_filled.data"
    return f"{payload}, LATERAL ({records(write.columns, data, kind, is_object=write.is_object)}) AS {BODY}"


def records(columns: tuple[WrittenColumn, ...], data: str, kind: str, *, is_object: bool) -> str:
    """A SELECT of the typed fields of the JSON in `data`; `kind` is json or jsonb."""
    if not columns:
        rows = "(VALUES (1)) AS one" if is_object else f"pg_catalog.{kind}_array_elements({data})"
        return f"SELECT FROM {rows}"
    items = ", ".join(_parsed(column) for column in columns)
    declared = ", ".join(f"{quote_identifier(column.name)} {column.type}" for column in columns)
    function = f"{kind}_to_record" if is_object else f"{kind}_to_recordset"
    return f"SELECT {items} FROM pg_catalog.{function}({data}) AS r({declared})"


def _parsed(column: WrittenColumn) -> str:
    name = quote_identifier(column.name)
    return f"{qualified(column.parse)}({name}) AS {name}" if column.parse else name


def _with_defaults(write: Write, data: str, arguments: Arguments) -> str:
    pairs = ", ".join(
        f"{arguments.text(column.name)}::text, {column.default}"
        for column in write.columns
        if column.default is not None
    )
    defaults = f"pg_catalog.jsonb_build_object({pairs})"
    if write.is_object:
        return f"SELECT {defaults} || {data} AS data"
    elements = f"pg_catalog.jsonb_array_elements({data}) AS element"
    return f"SELECT pg_catalog.jsonb_agg({defaults} || element) AS data FROM {elements}"
