"""Opaque code where the analysis does not look never marks a session that the next caller gets."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from gateway.database import PROOF_COLUMNS, Caller
from gateway.embedded import EmbeddedPostgres
from gateway.identity import Identity
from tests.attack.conftest import login
from tests.attack.wire import COMMON
from tests.serving import Serve, Served

NEXT = Caller(Identity("attack_member", '{"role":"attack_member"}', anonymous=False), '"public"')
MARK = f"SELECT nullif(pg_catalog.current_setting('app.spied', true), ''), {PROOF_COLUMNS}"


async def mark_after(served: Served, target: str, **headers: str) -> str | None:
    """What a request has left in the only session when the next caller's read gets it."""
    answer = await served.get(quote(target, safe="/?&=:(){},.!_->"), **headers)
    assert answer.status == 200, answer.body
    return (await served.gateway.database.read(NEXT, MARK))[0]


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/folded", id="a name that Python folds and PostgreSQL does not"),
        pytest.param("/papers?select=data,count()", id="GROUP BY with somebody's own equality for a built-in type"),
        pytest.param("/same_papers", id="an array comparison in a view, which asks for the elements' equality"),
        pytest.param("/counted_papers", id="DISTINCT in a body, by operators that it does not write"),
    ],
)
async def test_nothing_reaches_the_next_caller(
    serve: Serve, postgres: EmbeddedPostgres, marked_dsn: str, target: str
) -> None:
    served = await serve(login(postgres, marked_dsn), anon_role="attack_anon", pool_size=1, aggregates_enabled=True)
    assert await mark_after(served, target) is None


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/plain?select=word::text", {}),
        ("/plain?select=w:word.max()::text", {}),
        ("/plain", {"Accept": "text/csv"}),
        ("/plain?select=word,below(id)", {"Accept": "text/csv"}),
    ],
)
async def test_nor_where_pg_catalog_comes_last(
    serve: Serve, postgres: EmbeddedPostgres, shadowed_dsn: str, target: str, headers: dict[str, str]
) -> None:
    served = await serve(
        login(postgres, shadowed_dsn),
        **{**COMMON, "pool_size": 1, "aggregates_enabled": True, "extra_search_path": "public,pg_catalog"},
    )
    assert await mark_after(served, target, **headers) is None
