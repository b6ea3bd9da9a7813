"""Statements that make PostgreSQL look at an expression. Pure.

An expression is somebody's SQL. It stands in parentheses with a line's end before the closing one, for its own last
line may be a comment, and a statement must be sent alone, by the extended protocol, which takes no second statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from gateway.database import quote_identifier
from gateway.policies.model import QualifiedName

_SIMPLE = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Subject:
    """A relation that expressions are about: column names, and their types as SQL. `covered` is whether its bare name
    leads elsewhere before it could lead to a temporary table of that name. `table_text` and `type_text` are how
    PostgreSQL prints it as a table of a query, and its row type."""

    name: QualifiedName
    columns: tuple[tuple[str, str], ...]
    covered: bool
    table_text: str
    type_text: str

    @property
    def identifier(self) -> str:
        return f"{quote_identifier(self.name.schema)}.{quote_identifier(self.name.name)}"

    @property
    def copy(self) -> str:
        return f"pg_temp.{quote_identifier(self.name.name)}"


class Trial(NamedTuple):
    """A statement with an expression in it; `start` is where that begins, in characters."""

    sql: str
    start: int


def copy(subject: Subject) -> str:
    """An empty temporary table with the name and columns of `subject`.

    Policies name their table by its bare name, so one on the copy is printed as one on the original would be. It is
    partitioned, because then PostgreSQL makes no files for it.
    """
    columns = ", ".join(f"{quote_identifier(name)} {type_}" for name, type_ in subject.columns)
    made = f"create temporary table {quote_identifier(subject.name.name)} ({columns})"
    if not subject.columns:
        return made
    return f"{made} partition by list (({quote_identifier(subject.columns[0][0])} is null))"


def likeness(subject: Subject) -> str:
    """Lets a row of the copy be taken for a row of `subject`, as an argument of a function for example."""
    return f"create cast ({subject.copy} as {subject.identifier}) with inout as implicit"


def likeness_text(subject: Subject) -> str:
    """How PostgreSQL prints that a row of the copy is taken for one of `subject`."""
    return f"({subject.table_text}.*)::{subject.type_text}"


def without_likeness(subject: Subject, text: str) -> str:
    """What PostgreSQL would print for the relation's own rows, which need no cast to their type."""
    return text.replace(likeness_text(subject), f"{subject.table_text}.*")


def policy(name: str, table: str, expression: str) -> Trial:
    """A policy on `table`, an identifier. Its check is there so that the expression cannot bring one of its own."""
    return _around(f"create policy {quote_identifier(name)} on {table} using (", expression, "\n) with check (true)")


def condition(name: str, subject: Subject, expression: str) -> Trial:
    """A view where the expression is under the same rules as in a policy. Reading `subject` is all that it locks."""
    before = f"create temporary view {quote_identifier(name)} as select 1 as x from {subject.identifier} where ("  # noqa: S608
    return _around(before, expression, "\n)")


def value(name: str, subject: Subject, expression: str) -> Trial:
    """A view whose column is the expression, of whatever type."""
    return _around(
        f"create temporary view {quote_identifier(name)} as select (", expression, f"\n) as x from {subject.identifier}"
    )


def unqualified(subject: Subject, expression: str) -> str:
    """`expression` with `schema.table.column` as `table.column`. It is text that is replaced, wherever it stands: what
    the result means must be compared."""
    schema, table = map(_written, subject.name)
    pattern = rf'(?<![\w".$]){schema}\s*\.\s*{table}(?=\s*\.)'
    return re.sub(pattern, lambda _: quote_identifier(subject.name.name), expression)


def _written(name: str) -> str:
    """A pattern for the ways to write `name`."""
    quoted = re.escape(quote_identifier(name))
    return rf"(?:{quoted}|(?i:{re.escape(name)}))" if _SIMPLE.fullmatch(name) else quoted


def _around(before: str, expression: str, after: str) -> Trial:
    return Trial(f"{before}{expression}{after}", len(before))
