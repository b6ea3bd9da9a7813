"""What tells that a database has become another one, in a single cheap query."""

from __future__ import annotations

from typing import Final, NamedTuple

import asyncpg

from gateway.catalog.sql import statement


class Marks(NamedTuple):
    """`catalog` changes when a catalog has to be loaded again. `definitions` (see `Caching`) changes more often, and is
    None where nobody asked for it."""

    catalog: str
    definitions: str | None


async def read_marks(connection: asyncpg.Connection[asyncpg.Record], *, caching: bool) -> Marks:
    """As the database is now. Raises what asyncpg raises."""
    if not caching:
        return Marks(await connection.fetchval(statement("fingerprint")), None)
    row = await connection.fetchrow(_BOTH)
    assert row is not None
    return Marks(f"{row['fingerprint']}.{row['loaded']}", f"{row['loaded']}.{row['passing']}")


async def read_definitions(connection: asyncpg.Connection[asyncpg.Record]) -> str:
    """The same as in the marks, as the connection's transaction sees it."""
    row = await connection.fetchrow(statement("definitions"))
    assert row is not None
    return f"{row['loaded']}.{row['passing']}"


# One statement, so that one is never newer than the other. Both are fixed texts.
_BOTH: Final = f"select * from ({statement('fingerprint')}) as f cross join ({statement('definitions')}) as d"  # noqa: S608
