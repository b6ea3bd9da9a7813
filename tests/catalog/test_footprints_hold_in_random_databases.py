"""Whatever is not in a footprint changes nothing: asked of PostgreSQL, in databases that nobody thought of."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from gateway.catalog import ALL
from tests.catalog.footprint_scripts import RunScript, Scripted, rows, shared, table
from tests.catalog.footprint_worlds import CLAIMS, OTHER_CLAIMS, ROLES, TABLES, World

WRITES = (
    "delete from only {}",
    "insert into {} select id + 1, '00000000-0000-4000-8000-000000000001', '1', 1 from generate_series(0, 3) id",
    "update {} set org = '1', owner = '00000000-0000-4000-8000-000000000001', n = 1 - n",
)


async def check(database: Scripted, relation: str, role: str) -> Counter[str]:
    """Changes one thing after the other that is not in the footprint. Counts what else a change did."""
    footprint = await database.of(relation, role)
    query = rows(relation)
    before = await database.ask(query, CLAIMS, role=role)
    counts = Counter({"asked": 1, "rows": before.startswith("[{")})
    if not shared(footprint):
        return counts + Counter({"never": 1})
    for claim in CLAIMS:
        after = await database.ask(query, changed(claim), role=role)
        if footprint.claims is ALL or claim in footprint.claims:
            counts["claims", before != after] += 1
        else:
            assert before == after, f"{relation} depends on {claim} for {role}"
    for name in TABLES:
        for write in WRITES:
            after = await database.ask(query, CLAIMS, role=role, before=write.format(name))
            if table(name) in footprint.tables:
                counts["tables", before != after] += 1
            else:
                assert before == after, f"{relation} depends on {name} for {role}"
    return counts


def changed(claim: str) -> dict[str, Any]:
    return {**CLAIMS, claim: OTHER_CLAIMS.get(claim, "2")}


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_else_matters(seed: int, run_script: RunScript) -> None:
    world = World(seed)
    async with run_script(world.script) as database:
        counts = Counter[str]()
        for relation in world.relations:
            for role in ROLES:
                counts += await check(database, relation, role)

    assert counts["never"] == 0
    assert counts["rows"]
