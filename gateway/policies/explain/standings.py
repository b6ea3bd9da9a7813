"""How a role stands to a relation, asked of PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from gateway.policies.database.scratch import rolled_back
from gateway.policies.database.state import RelationState
from gateway.policies.explain.identity import Connection, act_as
from gateway.policies.explain.model import Standing
from gateway.policies.explain.sql import statement
from gateway.policies.explain.statements import qualified
from gateway.policies.model import Persona
from gateway.policies.problems import PolicyError, error


async def read_standing(
    connection: Connection, relation: RelationState, persona: Persona, search_path: Sequence[str]
) -> Standing:
    """Raises PolicyError if the connected role may not become the persona's."""
    async with rolled_back(connection):
        await act_as(connection, persona, search_path)
        filtered = await connection.fetchval("select row_security_active($1::oid)", relation.oid)
    row = await connection.fetchrow(
        statement("standing"),
        persona.role,
        relation.oid,
        [qualified(sequence.name) for sequence in relation.sequences],
        [sequence.column for sequence in relation.sequences],
    )
    if row is None:
        raise PolicyError([error("P703", f"{relation.name} is gone", subject=str(relation.name))])
    columns: defaultdict[str, list[str]] = defaultdict(list)
    for privilege, column in row["on_columns"]:
        columns[privilege].append(column)
    return Standing(
        role=persona.role,
        superuser=row["superuser"],
        bypasses_row_security=row["bypasses_row_security"],
        owns=row["owns"],
        enters_schema=row["enters_schema"],
        filtered=bool(filtered),
        acts_as=frozenset(row["acts_as"]),
        on_table=frozenset(row["on_table"]),
        on_columns={privilege: tuple(names) for privilege, names in columns.items()},
        numbers=frozenset(row["numbers"]),
        triggers=row["triggers"],
    )
