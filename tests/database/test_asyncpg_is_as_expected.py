"""`connection.py` uses private parts of asyncpg. This file fails, and says where, when they are no longer there."""

from __future__ import annotations

import inspect

import asyncpg
import pytest
from asyncpg.protocol import protocol as driver

from gateway.database import wire
from gateway.database.connection import TextConnection, connect
from gateway.embedded import EmbeddedPostgres
from tests.database.database_room import LOGIN


@pytest.fixture
async def connection(postgres: EmbeddedPostgres, room: str) -> TextConnection:
    opened = await connect(postgres.dsn(room, user=LOGIN), server_settings={}, unnamed=False, timeout=5)
    yield opened
    await opened.hang_up()


def test_the_version_is_the_one_this_was_written_for() -> None:
    assert asyncpg.__version__.startswith("0.32.")


def test_the_private_parts_are_there() -> None:
    assert "_protocol" in asyncpg.Connection.__slots__
    assert "_transport" in asyncpg.Connection.__slots__
    assert inspect.iscoroutinefunction(driver.BaseProtocol.bind_execute) or callable(driver.BaseProtocol.bind_execute)
    for name in ("prepare", "query", "get_settings", "bind_execute"):
        assert hasattr(driver.BaseProtocol, name), name
    for name in ("_init_types", "_init_codecs", "mark_unprepared"):
        assert hasattr(driver.PreparedStatementState, name), name
    assert driver.BUILTIN_TYPE_OID_MAP[114] == "json"
    assert driver.BUILTIN_TYPE_OID_MAP[23] == "int4"


async def test_messages_before_a_statement_are_executed_in_order(connection: TextConnection) -> None:
    state = await connection.describe("s", "SELECT pg_catalog.current_setting('a.b')")
    before = wire.parse("set", "SELECT 1 WHERE pg_catalog.num_nulls(pg_catalog.set_config($1, $2, false)) < 0")
    before += wire.bind("set", ["a.b", "first"]) + wire.EXECUTE + wire.bind("set", ["a.b", "it's ä"]) + wire.EXECUTE
    rows = await connection.execute_state(state, (), before)
    assert [tuple(row) for row in rows] == [("it's ä",)]
    assert not connection.is_in_transaction()


async def test_nothing_runs_after_a_failure(connection: TextConnection) -> None:
    await connection.synchronize(wire.script(["CREATE TEMP TABLE ran (a int)"]))
    state = await connection.describe("s", "INSERT INTO ran VALUES (1)")
    for before in (["SELECT 1/0"], ["BEGIN", "SELECT 1/0"], ["BEGIN", "COMMIT", "SELECT 1/0"], ["nonsense"]):
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute_state(state, (), wire.script(before))
        assert connection.is_in_transaction() == (before[0] == "BEGIN" and "COMMIT" not in before)
        if connection.is_in_transaction():
            await connection.command("ROLLBACK")
    count = await connection.describe("c", "SELECT count(*) FROM ran")
    assert (await connection.execute_state(count, ()))[0][0] == "0"


async def test_closing_a_statement_needs_no_round_trip(connection: TextConnection) -> None:
    await connection.describe("gone", "SELECT 1")
    await connection.synchronize(wire.close("gone") + wire.close("never was"))
    state = await connection.describe("gone", "SELECT 2")
    assert (await connection.execute_state(state, (), wire.close("other")))[0][0] == "2"


async def test_unnamed_statements_are_parsed_on_each_execution(connection: TextConnection) -> None:
    first, second = await connection.describe("", "SELECT $1::int + 1"), await connection.describe("", "SELECT 5")
    for _ in range(2):
        assert (await connection.execute_state(first, ("1",)))[0][0] == "2"
        assert (await connection.execute_state(second, ()))[0][0] == "5"


async def test_a_set_config_statement_returns_no_row_and_applies_all(connection: TextConnection) -> None:
    from gateway.database.settings import set_config_statement

    pairs = [text for i in range(90) for text in (f"a.s{i}", str(i))]
    await connection.synchronize(
        wire.parse("", set_config_statement(90, local=False)) + wire.bind("", pairs) + wire.EXECUTE
    )
    state = await connection.describe("", "SELECT current_setting('a.s0') || current_setting('a.s89')")
    assert (await connection.execute_state(state, ()))[0][0] == "089"


async def test_a_change_of_encoding_is_noticed(connection: TextConnection) -> None:
    assert connection.understands
    for command in ("SET client_encoding = LATIN1", "SET standard_conforming_strings = off"):
        await connection.command(command)
        assert not connection.understands
        await connection.command("RESET ALL")
        assert connection.understands


async def test_only_these_settings_survive_reset_all(superuser: asyncpg.Connection) -> None:
    """What RESET ALL leaves alone must be reset by the scrub itself; a new PostgreSQL may add to it."""
    survivors = await superuser.fetch(
        "SELECT name FROM pg_settings WHERE 'NO_RESET_ALL' = ANY (pg_settings_get_flags(name))"
        " AND context IN ('user', 'superuser')"
    )
    assert {row["name"] for row in survivors} <= {
        "role", "session_authorization", "seed", "transaction_deferrable", "transaction_isolation",
        "transaction_read_only",
    }  # fmt: skip
