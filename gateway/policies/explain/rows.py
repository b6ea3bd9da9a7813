"""The rows that a question is about: found by the owner, and as they would be after a write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from gateway.policies.database.scratch import rolled_back, search
from gateway.policies.database.state import RelationState
from gateway.policies.explain import statements
from gateway.policies.explain.errors import message
from gateway.policies.explain.identity import Connection, take_claims
from gateway.policies.explain.model import Question
from gateway.policies.problems import PolicyError, error

EXISTING: Final = 1
NEW: Final = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A row in its table: `part` is the table's or partition's OID, `place` a ctid. `image` are its values as JSON."""

    part: int
    place: str
    image: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewRow:
    """The row that a write would leave; `notes` say why it is shown without what triggers do, if it is."""

    image: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that writes, and its arguments."""

    sql: str
    arguments: tuple[object, ...]


async def find_rows(
    connection: Connection, relation: RelationState, question: Question, search_path: Sequence[str], most: int
) -> list[Found]:
    """Up to `most` rows. Raises PolicyError if there is none, or the connected role may not see all."""
    key = json.dumps(dict(question.key)) if question.key else None
    sql = statements.find_rows(relation, question.key, question.where)
    try:
        async with rolled_back(connection):
            await search(connection, search_path)
            await connection.execute("set local row_security = off")
            rows = await connection.fetch(sql, most, key)
    except asyncpg.InsufficientPrivilegeError as reason:
        fix = "Connect as a superuser, as a role with BYPASSRLS, or as the owner of a table where it is not forced."
        said = f"the connected role cannot see all rows of {relation.name}: {message(reason)}"
        raise PolicyError([error("P704", said, subject=str(relation.name), fix=fix)]) from reason
    except (asyncpg.SyntaxOrAccessError, asyncpg.DataError, asyncpg.InvalidTextRepresentationError) as reason:
        raise PolicyError([error("P705", f"PostgreSQL cannot look for the row: {message(reason)}")]) from reason
    if not rows:
        raise PolicyError([error("P706", f"{relation.name} has no such row", subject=str(relation.name))])
    return [Found(row["part"], row["place"], json.loads(row["image"])) for row in rows]


async def make_row(connection: Connection, relation: RelationState, role: str, found: Found | None) -> None:
    """The table of rows on which conditions are tried, with the existing row, for `role` to read."""
    await connection.execute(statements.make_rows(relation))
    await connection.execute(statements.share_rows(role))
    if found is not None:
        await connection.execute(statements.add_found(relation), found.place, found.part)


async def make_values(connection: Connection, relation: RelationState, question: Question) -> None:
    """The table of values to write, for the persona to read. Raises PolicyError if they do not fit their columns."""
    if not question.values:
        return
    try:
        await connection.execute(statements.make_values(relation, question.values))
        await connection.execute(statements.add_values(relation, question.values), json.dumps(dict(question.values)))
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as reason:
        raise PolicyError([error("P707", f"the values do not fit {relation.name}: {message(reason)}")]) from reason
    await connection.execute(statements.share_values(question.persona.role))


async def make_new_row(
    connection: Connection, relation: RelationState, question: Question, search_path: Sequence[str], write: Write
) -> NewRow:
    """The new row, after defaults and triggers: what the owner gets who writes with the persona's claims. Where that
    fails, triggers are not counted in. Raises PolicyError if there can be no such row."""
    notes: tuple[str, ...] = ()
    text: str | None = None
    try:
        async with rolled_back(connection):
            await take_claims(connection, question.persona, search_path)
            text = await connection.fetchval(statements.returning_text(write.sql), *write.arguments)
    except asyncpg.PostgresError as reason:
        notes = (f"even the owner cannot write this: {message(reason)}; the new row is shown without triggers",)
    else:
        if text is None:
            notes = ("even for the owner a trigger drops this; the new row is shown without triggers",)
    if text is None:
        text = await _without_triggers(connection, relation, question)
    await connection.execute(statements.add_text(relation), NEW, text)
    image = await connection.fetchval(statements.image_json(), NEW)
    return NewRow(json.loads(image), notes)


async def _without_triggers(connection: Connection, relation: RelationState, question: Question) -> str:
    values = json.dumps(dict(question.values))
    try:
        if question.verb == "update":
            return str(await connection.fetchval(statements.changed_text(relation), values))
        async with rolled_back(connection):
            await connection.execute(statements.make_blank(relation))
            return str(await connection.fetchval(statements.fill_blank(relation, question.values)))
    except asyncpg.PostgresError as reason:
        raise PolicyError([error("P707", f"there can be no such row: {message(reason)}")]) from reason
