"""Opaque code where the analysis does not look never marks a session that the next caller gets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote

import pytest

from gateway.database import PROOF_COLUMNS, Caller
from gateway.identity import Identity
from gateway.rest.plan import tree
from tests.attack.wire import COMMON
from tests.serving import Serve, Served

NEXT = Caller(Identity("attack_member", '{"role":"attack_member"}', anonymous=False), '"public"')
MARK = f"SELECT nullif(pg_catalog.current_setting('app.spied', true), ''), {PROOF_COLUMNS}"


async def mark_after(served: Served, target: str, **headers: str) -> str | None:
    """What a request has left in the only session when the next caller's read gets it."""
    answer = await served.get(quote(target, safe="/?&=:(){},.!_->"), **headers)
    assert answer.status == 200, answer.body
    return (await served.gateway.database.read(NEXT, MARK))[0]


Hide = Callable[[str], Awaitable[str]]


@pytest.mark.parametrize(
    ("file", "target"),
    [
        pytest.param("folding.sql", "/folded", id="a name that Python folds and PostgreSQL does not"),
        pytest.param("comparisons.sql", "/papers?select=data,count()", id="GROUP BY, by an equality nobody names"),
        pytest.param("comparisons.sql", "/same_papers", id="arrays in a view, compared by that of their elements"),
        pytest.param("comparisons.sql", "/counted_papers", id="DISTINCT in a body, by operators it does not write"),
        pytest.param("arrays.sql", "/arrays_one", id="an array of rows, by its name"),
        pytest.param("arrays.sql", "/arrays_two", id="an array of rows, by a name that was taken"),
        pytest.param("arrays.sql", "/arrays_three", id="an array of rows, by a name that was cut"),
    ],
)
async def test_nothing_reaches_the_next_caller(serve: Serve, hide: Hide, file: str, target: str) -> None:
    dsn = await hide(file)
    served = await serve(dsn, anon_role="attack_anon", pool_size=1, aggregates_enabled=True)
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
async def test_nor_where_pg_catalog_comes_last(serve: Serve, hide: Hide, target: str, headers: dict[str, str]) -> None:
    settings = {**COMMON, "pool_size": 1, "aggregates_enabled": True, "extra_search_path": "public,pg_catalog"}
    served = await serve(await hide("shadows.sql"), **settings)
    assert await mark_after(served, target, **headers) is None


@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("folding.sql", "/folded"),
        ("comparisons.sql", "/papers?select=data,count()"),
        ("comparisons.sql", "/same_papers"),
        ("comparisons.sql", "/counted_papers"),
        ("arrays.sql", "/arrays_one"),
        ("arrays.sql", "/arrays_two"),
        ("arrays.sql", "/arrays_three"),
        ("shadows.sql", "/plain?select=word::text"),
    ],
)
async def test_the_marks_are_there_to_be_found(
    serve: Serve, hide: Hide, file: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "opaque_reason", lambda *_: None)
    settings = {**COMMON, "pool_size": 1, "aggregates_enabled": True, "extra_search_path": "public,pg_catalog"}
    served = await serve(await hide(file), **settings)
    assert await mark_after(served, target) is not None
