"""`explain --query`: which relations and columns a REST read touches, what row security leaves of them, and its SQL."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gateway.catalog import Catalog, load_catalog
from gateway.commands.policies.rest_reads import RestRead, rest_read
from gateway.embedded import EmbeddedPostgres
from gateway.errors import GatewayError
from gateway.policies.database import read_state
from gateway.policies.explain import Manner, Reading, explain_calls, explain_reads
from gateway.policies.explain.read_words import calling_lines, reading_document, reading_lines
from gateway.policies.model import Persona, QualifiedName
from gateway.rest import RestRules
from gateway.rest.request import Rules

VISITOR = Persona("visitor", "shop_visitor")
CLERK = Persona("clerk", "shop_clerk")
MANNER = Manner(("shop",))
RULES = RestRules(Rules(("shop",)))


@pytest_asyncio.fixture(scope="session")
async def shop_database(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute("create database policies_shop")
    connection = await asyncpg.connect(postgres.dsn("policies_shop"))
    await connection.execute((Path(__file__).parent / "shop.sql").read_text("utf-8"))
    await connection.close()
    yield postgres.dsn("policies_shop")
    await administrator.execute("drop database policies_shop with (force)")
    await administrator.execute("drop role shop_login, shop_visitor, shop_clerk")
    await administrator.close()


@pytest_asyncio.fixture
async def shop(shop_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(shop_database, statement_cache_size=0)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def catalog(shop: asyncpg.Connection) -> Catalog:
    return await load_catalog(shop, schemas=("shop",), extra_search_path=(), version=1)


def touched(read: RestRead) -> dict[str, list[str] | None]:
    return {each.relation.name: sorted(each.columns) if each.columns is not None else None for each in read.touched}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("/rest/v1/goods", {"goods": None}),
        ("/rest/v1/goods?select=id,name&price=gt.3&order=cost", {"goods": ["cost", "id", "name", "price"]}),
        ("goods?select=id&or=(price.gt.3,and(name.eq.x,cost.is.null))", {"goods": ["cost", "id", "name", "price"]}),
        ("GET http://localhost:54321/rest/v1/goods?select=id", {"goods": ["id"]}),
        (
            "/goods?select=name,makers(name)&makers.id=gt.0",
            {"goods": ["maker_id", "name"], "makers": ["id", "name"]},
        ),
        ("/makers?select=name,goods(*)", {"makers": ["id", "name"], "goods": None}),
        (
            "/goods?select=name,labels(word)",
            {"goods": ["id", "name"], "labelled": ["good_id", "label_id"], "labels": ["id", "word"]},
        ),
        ("/goods?select=name,...makers(maker:name)", {"goods": ["maker_id", "name"], "makers": ["id", "name"]}),
        ("/goods?select=id&makers=not.is.null", {"goods": ["id", "makers"]}),
        ("/goods?select=id,makers()&makers=not.is.null", {"goods": ["id", "maker_id"], "makers": ["id"]}),
        ("/goods?select=name,price.sum()", None),
        ("/goods?select=name,rivals(name)", {"goods": None}),
        ("/rpc/cheapest?most=2&select=name,makers(name)", {"makers": ["id", "name"]}),
    ],
)
async def test_touched_columns(catalog: Catalog, query: str, expected: dict[str, list[str] | None] | None) -> None:
    if expected is None:  # aggregates are switched off
        with pytest.raises(GatewayError):
            rest_read(query, catalog, RULES, "/rest/v1")
        return
    assert touched(rest_read(query, catalog, RULES, "/rest/v1")) == expected


async def test_the_statement_is_the_one_that_would_run(shop: asyncpg.Connection, catalog: Catalog) -> None:
    read = rest_read("/rest/v1/goods?select=name&price=lt.20&order=id&limit=2", catalog, RULES, "/rest/v1")
    assert read.arguments == ("20", "2")
    row = await shop.fetchrow(read.sql.replace("$1", "20").replace("$2", "2"))
    assert row is not None
    assert json.loads(row[2]) == [{"name": "cup"}, {"name": "pot"}]
    assert read.opaque is None
    called = rest_read("/rest/v1/rpc/cheapest?select=name", catalog, RULES, "/rest/v1")
    assert called.calls == (QualifiedName("shop", "cheapest"),)
    assert called.opaque == "it uses default arguments"


async def reads(shop: asyncpg.Connection, catalog: Catalog, query: str, persona: Persona) -> dict[str, Reading]:
    read = rest_read(query, catalog, RULES, "/rest/v1")
    readings = await explain_reads(shop, read.touched, persona, await read_state(shop), MANNER)
    return {reading.relation.name.name: reading for reading in readings}


async def test_what_is_left_for_whom(shop: asyncpg.Connection, catalog: Catalog) -> None:
    query = "/goods?select=id,name,cost,makers(account),labels(word)"
    found = await reads(shop, catalog, query, VISITOR)
    goods = found["goods"]
    assert goods.privilege is not None
    assert not goods.privilege.held
    assert goods.privilege.missing == ("cost",)
    assert [policy.name for policy, _ in goods.policies] == ["fair", "sold"]
    assert goods.visible is not None
    assert goods.total is not None
    assert (goods.visible.rows, goods.total.rows) == (2, 4)
    assert found["makers"].privilege is not None
    assert found["makers"].privilege.missing == ("account",)
    assert found["makers"].unfiltered.startswith("row security is off")
    assert "\n".join(reading_lines(goods)) == (
        """\
shop.goods — the rows asked for
  ✗ grant: shop_visitor may not select cost   → grants: { shop_visitor: { select: [cost] } }
  · sold: using ((price > 4))
  · restrictive fair: using ((price < 20))
  rows: 2 visible of 4"""
    )
    labels = "\n".join(reading_lines(found["labels"]))
    assert "✗ row security is on and no permissive policy for select is for shop_visitor: no rows" in labels
    assert "rows: 0 visible of 2" in labels
    clerk = await reads(shop, catalog, query, CLERK)
    assert all(reading.privilege is not None and reading.privilege.held for reading in clerk.values())
    assert clerk["goods"].visible == clerk["goods"].total


async def test_views_show_what_is_behind(shop: asyncpg.Connection, catalog: Catalog) -> None:
    cheap = (await reads(shop, catalog, "/cheap", VISITOR))["cheap"]
    assert cheap.visible is not None
    assert cheap.visible.rows == 2
    assert [behind.role for behind in cheap.behind] == ["shop_visitor"]
    assert cheap.behind[0].visible is not None
    assert cheap.behind[0].visible.rows == 2
    counted = (await reads(shop, catalog, "/counted", VISITOR))["counted"]
    assert [(behind.role, behind.unfiltered) for behind in counted.behind] == [
        ("postgres", "postgres is a superuser, past row security")
    ]
    text = "\n".join(reading_lines(counted))
    assert "the tables behind it are read with the rights of its owner postgres" in text
    assert json.loads(json.dumps(reading_document(counted)))["behind"][0]["relation"] == "shop.goods"


async def test_calls_name_whose_rights_hold_inside(shop: asyncpg.Connection) -> None:
    state = await read_state(shop)
    names = [QualifiedName("shop", "cheapest"), QualifiedName("shop", "rivals")]
    lines = list(calling_lines(await explain_calls(shop, names, VISITOR, state)))
    assert lines == [
        "✗ execute: shop.cheapest(integer), which runs with the rights of postgres",
        "✓ execute: shop.rivals(shop.goods), which runs with the rights of the caller",
    ]
    (cheapest,) = await explain_calls(shop, names[:1], CLERK, state)
    assert cheapest.held


async def test_a_count_that_takes_too_long_is_not_waited_for(shop: asyncpg.Connection, catalog: Catalog) -> None:
    await shop.execute(
        "create view shop.slow as select 1 as one from pg_sleep(5); grant select on shop.slow to shop_visitor"
    )
    try:
        read = await load_catalog(shop, schemas=("shop",), extra_search_path=(), version=2)
        touches = rest_read("/slow", read, RULES, "/rest/v1").touched
        manner = Manner(("shop",), timeout=timedelta(milliseconds=200))
        (slow,) = await explain_reads(shop, touches, VISITOR, await read_state(shop), manner)
        assert slow.visible is not None
        assert slow.visible.rows is None
        assert "not counted within 0.2 s" in "\n".join(reading_lines(slow))
    finally:
        await shop.execute("drop view shop.slow")
