"""A document tells nobody of what they may not use, and no caller gets another's."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import asyncpg
import pytest

from gateway.catalog import Catalog
from gateway.database import DatabaseError
from gateway.rest.openapi import OpenApi, OpenApiRules
from tests.rest.openapi.described import Describe

READERS_TABLES = {"authors", "books", "covers", "lent_books", "staff_notes"}
FUNCTIONS_OF_ALL = {"find_books", "lend", "measure", "open_hours"}


def tables(document: dict[str, Any]) -> set[str]:
    shown = {path[1:] for path in document["paths"] if path != "/" and not path.startswith("/rpc/")}
    assert shown == set(document["definitions"])
    assert shown == {name.removeprefix("body.") for name in document["parameters"] if name.startswith("body.")}
    return shown


def functions(document: dict[str, Any]) -> set[str]:
    return {path.removeprefix("/rpc/") for path in document["paths"] if path.startswith("/rpc/")}


async def test_roles_see_what_they_have_a_privilege_on(describe: Describe) -> None:
    reader, stranger, clerk = [await describe(f"openapi_{role}") for role in ("reader", "stranger", "clerk")]
    assert tables(reader) == READERS_TABLES
    assert functions(reader) == FUNCTIONS_OF_ALL
    assert tables(stranger) == set()
    assert functions(stranger) == FUNCTIONS_OF_ALL
    assert tables(clerk) > READERS_TABLES
    assert functions(clerk) == FUNCTIONS_OF_ALL | {"purge"}


async def test_overloads_are_told_apart(describe: Describe) -> None:
    def arguments(document: dict[str, Any]) -> list[str]:
        return list(document["paths"]["/rpc/lend"]["post"]["parameters"][0]["schema"]["properties"])

    assert arguments(await describe("openapi_clerk")) == ["book", "until", "who"]
    assert arguments(await describe("openapi_reader")) == ["book"]


async def test_privileges_may_be_ignored(describe: Describe) -> None:
    everything = await describe("openapi_stranger", mode="ignore-privileges")
    assert "staff_notes" in tables(everything)
    assert "purge" in functions(everything)


@pytest.mark.parametrize("mode", ["follow-privileges", "ignore-privileges"])
async def test_who_may_not_connect_as_a_role_sees_nothing(describe: Describe, mode: str) -> None:
    for role in ("openapi_nobody_has_this_role", "pg_read_all_data"):
        with pytest.raises(DatabaseError):
            await describe(role, mode=mode)


@pytest.mark.parametrize("cache_bytes", [64 << 20, 0])
async def test_callers_at_once_each_get_their_own(describe: Describe, cache_bytes: int) -> None:
    openapi = OpenApi(OpenApiRules(cache_bytes=cache_bytes))
    roles = ["openapi_clerk", "openapi_reader", "openapi_stranger"] * 5
    documents = await asyncio.gather(*(describe(role, openapi) for role in roles))
    for role, document in zip(roles, documents, strict=True):
        assert ("staff_notes" in tables(document)) == (role != "openapi_stranger")
        assert ("purge" in functions(document)) == (role == "openapi_clerk")


async def test_a_revoked_privilege_shows_at_once(describe: Describe, owner: asyncpg.Connection) -> None:
    openapi = OpenApi(OpenApiRules())
    assert "covers" in tables(await describe("openapi_reader", openapi))
    await owner.execute("revoke select on library.covers from openapi_reader")
    try:
        assert tables(await describe("openapi_reader", openapi)) == READERS_TABLES - {"covers"}
    finally:
        await owner.execute("grant select on library.covers to openapi_reader")
    assert tables(await describe("openapi_reader", openapi)) == READERS_TABLES


async def test_a_new_catalog_shows_at_once(describe: Describe, catalog: Catalog) -> None:
    openapi = OpenApi(OpenApiRules())
    assert (await describe(openapi=openapi))["info"]["title"] == "Town library"
    renamed = dataclasses.replace(catalog, schemas={**catalog.schemas, "library": "City library"})
    assert (await describe(openapi=openapi, of=renamed))["info"]["title"] == "City library"
    assert (await describe(openapi=openapi))["info"]["title"] == "Town library"


async def test_what_was_created_since_the_catalog_was_read_is_left_out(
    describe: Describe, owner: asyncpg.Connection
) -> None:
    await owner.execute("create table library.brand_new (id integer); grant select on library.brand_new to public")
    try:
        assert tables(await describe("openapi_reader")) == READERS_TABLES
    finally:
        await owner.execute("drop table library.brand_new")


async def test_a_schema_dropped_since_shows_nothing(
    describe: Describe, catalog: Catalog, owner: asyncpg.Connection
) -> None:
    await owner.execute("alter schema archive rename to burnt")
    try:
        assert set((await describe(schema="archive"))["paths"]) == {"/"}
    finally:
        await owner.execute("alter schema burnt rename to archive")
