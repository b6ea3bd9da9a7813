"""What test would notice a mutant that survived: a persona, and a row that the change makes a difference for."""
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

import asyncpg

from gateway.database import quote_identifier
from gateway.policies.model import PUBLIC, Persona
from gateway.policies.testing.mutants import Mutant, Replaced
from gateway.policies.testing.session import Session

_DOES: Final = {"select": "select", "insert": "insert", "update": "update", "delete": "delete", "all": "reach"}
_COLUMNS: Final = 3


async def hint(session: Session, mutant: Mutant, personas: Iterable[Persona], key: Sequence[str]) -> str:
    """One line. `key` are the columns of the table that find a row. The mutant is not in force."""
    concerned = [persona for persona in personas if PUBLIC in mutant.roles or persona.role in mutant.roles]
    if not concerned:
        return f"there is no persona of role {' or '.join(mutant.roles)}"
    if mutant.is_of_grant:
        return _of_grant(mutant, concerned[0])
    if mutant.replaced is None:
        return f"no test depends on what it lets {' or '.join(mutant.roles)} {_DOES[mutant.verb]}"
    for persona in concerned:
        found = await _difference(session, mutant, mutant.replaced, persona)
        if found is not None:
            row, allowed = found
            may = "may" if allowed else "may not"
            like = "a row like " if mutant.part == "check" else ""
            return f"test that {persona} {may} {_DOES[mutant.verb]} {like}{_row(row, key)}"
    return "no row that is there makes a difference for any persona: give one that does"


def _of_grant(mutant: Mutant, persona: Persona) -> str:
    if mutant.columns is None:
        return f"test that {persona} may {mutant.verb} {mutant.table}, or else expect `rows`, which a refusal is not"
    columns = ", ".join(sorted(mutant.columns)[:_COLUMNS])
    return f"test that {persona} may not {mutant.verb} the columns {columns}"


async def _difference(
    session: Session, mutant: Mutant, replaced: Replaced, persona: Persona
) -> tuple[dict[str, object], bool] | None:
    """A row that only one of the conditions holds for, as the owner with the persona's claims; and whether that is
    the original."""
    table = ".".join(map(quote_identifier, mutant.table))
    before, after = (f"(({sql}\n) is true)" for sql in replaced)
    asked = f"select to_jsonb({table}.*)::text, {before} from {table} where {before} <> {after} limit 1"
    try:
        async with session.undone("passerelle_hint"):
            await session.be_owner(persona)
            rows = await session.command(asked)
    except asyncpg.PostgresConnectionError:
        raise
    except asyncpg.PostgresError:
        return None
    return (json.loads(rows[0][0]), rows[0][1]) if rows else None


def _row(row: dict[str, object], key: Sequence[str]) -> str:
    columns = [column for column in key if column in row] or list(row)[:_COLUMNS]
    return "{ " + ", ".join(f"{column}: {json.dumps(row[column], ensure_ascii=False)}" for column in columns) + " }"
