"""The statements of a nested insert. Each level is a statement of its own, because policies, triggers and foreign keys
of children look at their parents, which a statement that writes both does not see."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.catalog import Relation
from gateway.rest.plan.model import ReadTree
from gateway.rest.plan.write import Write, WriteKind, WrittenColumn
from gateway.rest.sql.arguments import Arguments, Statement
from gateway.rest.sql.names import qualified, quote_identifier
from gateway.rest.sql.read import Shaping
from gateway.rest.sql.rows import SOURCE
from gateway.rest.sql.write import answer_statement, insert_rows

_GIVEN = "passerelle_given"
_PLACE = "passerelle_place"


def level_statement(
    relation: Relation, columns: tuple[WrittenColumn, ...], returning: Sequence[str], *, single: bool, defaults: bool
) -> Statement:
    """Inserts the rows of its only value, a JSON array, or an object if `single`. Answers each row's columns
    `returning` as a JSON text; if there are none, one row that says nothing."""
    arguments = Arguments()
    write = Write(WriteKind.INSERT, relation, columns, 0, single, returning=tuple(returning), defaults=defaults)
    # a cast makes bytes of json into text; the count keeps thousands of rows from being sent for nothing
    answer = f"pg_catalog.row_to_json({SOURCE})::text" if returning else "pg_catalog.count(*)"
    return arguments.statement(f"WITH {SOURCE} AS ({insert_rows(write, arguments)}) SELECT {answer} FROM {SOURCE}", 1)


def nested_answer_statement(
    relation: Relation, returning: Sequence[str], tree: ReadTree, shaping: Shaping, slots: int, *, located: bool
) -> Statement:
    """The statement that answers for rows that were written before, in the order of the last parameter: a JSON array
    of their primary keys. Without `returning` it only counts them. Its row is that of `write_statement`."""
    arguments = Arguments()
    keys = f"pg_catalog.json_to_recordset({arguments.slot(slots - 1)}::json)"
    names = [quote_identifier(name) for name in relation.primary_key]
    declared = ", ".join(
        f"{quoted} {relation.columns[name].type}" for quoted, name in zip(names, relation.primary_key, strict=True)
    )
    if not names:
        source = f"SELECT 1 FROM pg_catalog.json_array_elements({arguments.slot(slots - 1)}::json)"
    elif not returning:
        source = f"SELECT * FROM {keys} AS {_GIVEN}({declared})"
    else:
        table = qualified(relation.name)
        items = ", ".join(f"{table}.*" if name == "*" else f"{table}.{quote_identifier(name)}" for name in returning)
        same = " AND ".join(f"{table}.{name} = {_GIVEN}.{name}" for name in names)
        given = f"ROWS FROM ({keys} AS ({declared})) WITH ORDINALITY AS {_GIVEN}({', '.join(names)}, {_PLACE})"
        source = f"SELECT {items} FROM {given} JOIN {table} ON {same} ORDER BY {_GIVEN}.{_PLACE}"
    return answer_statement(
        arguments,
        f"{SOURCE} AS ({source})",
        relation,
        tree=tree,
        shaping=shaping,
        slots=slots,
        represented=bool(returning),
        located=located,
    )
