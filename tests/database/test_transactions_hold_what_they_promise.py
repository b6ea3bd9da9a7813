"""Commit, rollback, settings, order, and what a failure leaves."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from gateway.database import PROOF_COLUMNS, Database, DatabaseError, Transaction, TransactionMode
from tests.database.database_room import ENVELOPE, NOTES, READ, WRITE, OpenDatabase, caller, owners, probe

INSERT = "INSERT INTO public.ledger VALUES ($1)"


async def entries(superuser: asyncpg.Connection) -> set[str]:
    found = await superuser.fetch("SELECT entry FROM ledger")
    return {row["entry"] for row in found}


async def test_a_clean_end_commits(open_database: OpenDatabase, superuser: asyncpg.Connection) -> None:
    async with open_database() as database:
        async with database.transaction(caller(), ENVELOPE, WRITE) as transaction:
            await transaction.fetch(INSERT, ("committed",))
            assert "committed" not in await entries(superuser)
        assert "committed" in await entries(superuser)


async def test_an_exception_rolls_back(open_database: OpenDatabase, superuser: asyncpg.Connection) -> None:
    async with open_database(size=1) as database:
        with pytest.raises(LookupError):  # noqa: PT012
            async with database.transaction(caller(), ENVELOPE, WRITE) as transaction:
                await transaction.fetch(INSERT, ("undone",))
                raise LookupError
        assert "undone" not in await entries(superuser)
        assert owners((await database.read(caller(3), NOTES))["body"]) == {"3"}
        assert database.stats().connects == 1


async def test_a_deliberate_rollback(open_database: OpenDatabase, superuser: asyncpg.Connection) -> None:
    async with open_database(size=1) as database:
        async with database.transaction(caller(), ENVELOPE, WRITE) as transaction:
            row = await transaction.fetchrow(INSERT + " RETURNING entry", ("deliberate",))
            await transaction.execute("SET CONSTRAINTS ALL IMMEDIATE")
            await transaction.rollback()
            with pytest.raises(RuntimeError):
                await transaction.fetch("SELECT 1")
        assert row is not None
        assert "deliberate" not in await entries(superuser)


async def test_a_failure_that_is_swallowed_is_not_committed(
    open_database: OpenDatabase, superuser: asyncpg.Connection
) -> None:
    """COMMIT of a failed transaction succeeds, and means ROLLBACK: that must not be acknowledged."""
    async with open_database(size=1) as database:
        with pytest.raises(DatabaseError, match="division by zero"):  # noqa: PT012
            async with database.transaction(caller(), ENVELOPE, WRITE) as transaction:
                await transaction.fetch(INSERT, ("swallowed",))
                with pytest.raises(DatabaseError):
                    await transaction.fetch("SELECT 1 / 0")
                with pytest.raises(DatabaseError, match="division by zero"):
                    await transaction.fetch("SELECT 1")
        assert "swallowed" not in await entries(superuser)


async def test_what_commit_refuses_is_an_error(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        with pytest.raises(DatabaseError, match="not today") as refused:
            async with database.transaction(caller(), ENVELOPE, WRITE) as transaction:
                await transaction.fetch("INSERT INTO public.refused VALUES ('x')")
        assert (refused.value.status, refused.value.code) == (400, "P0001")
        assert owners((await database.read(caller(3), NOTES))["body"]) == {"3"}


async def test_read_only_means_it(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        with pytest.raises(DatabaseError) as refused:
            async with database.transaction(caller(), ENVELOPE, READ) as transaction:
                await transaction.fetch(INSERT, ("never",))
        assert (refused.value.status, refused.value.code) == (405, "25006")
        with pytest.raises(DatabaseError) as refused:
            await database.read(caller(), f"WITH w AS (INSERT INTO public.ledger VALUES ('never')) {probe('1')}")
        assert refused.value.code == "25006"


async def test_sql_sees_the_request_and_the_caller(open_database: OpenDatabase) -> None:
    who = caller(5, search_path='"elsewhere", "public"', settings=(("app.settings.a", "1"), ("timezone", "Asia/Tokyo")))
    shown = """SELECT current_user, current_setting('request.method'), current_setting('request.path'),
        current_setting('request.headers'), current_setting('request.cookies'), current_setting('app.settings.a'),
        current_setting('timezone'), (SELECT name FROM place), current_setting('request.jwt.claims')::json ->> 'sub'"""
    async with open_database(size=1) as database:
        async with database.transaction(who, ENVELOPE, WRITE) as transaction:
            row = await transaction.fetchrow(shown)
        assert row is not None
        assert list(row) == [
            "room_user", "POST", "/rpc/f", '{"accept":"*/*"}', "{}", "1", "Asia/Tokyo", "elsewhere", "5"
        ]  # fmt: skip
        gone = await database.read(caller(6), probe("current_setting('request.method', true)"))
        assert not gone["seen"]


@pytest.mark.parametrize(
    ("mode", "shown", "expected"),
    [
        (READ, "transaction_isolation", "read committed"),
        (READ, "transaction_read_only", "on"),
        (WRITE, "transaction_read_only", "off"),
        (TransactionMode(True, "repeatable read"), "transaction_isolation", "repeatable read"),
        (TransactionMode(False, "Serializable"), "transaction_isolation", "serializable"),
        (TransactionMode(True, hoisted=(("statement_timeout", "7s"),)), "statement_timeout", "7s"),
        (TransactionMode(True, hoisted=(("client_encoding", "LATIN1"),)), "client_encoding", "UTF8"),
    ],
)
async def test_modes(open_database: OpenDatabase, mode: TransactionMode, shown: str, expected: str) -> None:
    async with open_database(size=1) as database:
        for _ in range(2):  # the second time with a scrub in front
            async with database.transaction(caller(), ENVELOPE, mode) as transaction:
                row = await transaction.fetchrow(f"SELECT current_setting('{shown}')")
            assert row is not None
            assert row[0] == expected


async def test_an_unknown_isolation_level_is_no_sql(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        mode = TransactionMode(True, "serializable; DROP TABLE notes")
        with pytest.raises(ValueError, match="isolation"):
            async with database.transaction(caller(), ENVELOPE, mode) as transaction:
                await transaction.fetch("SELECT 1")


async def test_the_pre_request_function_comes_first(open_database: OpenDatabase, superuser: asyncpg.Connection) -> None:
    await superuser.execute("""
        CREATE OR REPLACE FUNCTION public.admit() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            IF current_setting('request.jwt.claims')::json ->> 'sub' = '13' THEN RAISE EXCEPTION 'unlucky'; END IF;
            PERFORM set_config('role', 'room_other', true);
        END $$""")
    mode = TransactionMode(True, pre_request='"public"."admit"')
    async with open_database(size=1) as database:
        async with database.transaction(caller(1), ENVELOPE, mode) as transaction:
            row = await transaction.fetchrow("SELECT current_user")
        assert row is not None
        assert row[0] == "room_other"
        with pytest.raises(DatabaseError, match="unlucky"):
            async with database.transaction(caller(13), ENVELOPE, mode) as transaction:
                pytest.fail("not reached")
        assert owners((await database.read(caller(3), NOTES))["body"]) == {"3"}
        assert database.stats().connects == 1


@pytest.mark.parametrize("session_mode", ["session", "transaction"])
async def test_role_settings_are_set_before_the_role(
    open_database: OpenDatabase, superuser: asyncpg.Connection, session_mode: str
) -> None:
    """The login role may set what the request's role may not."""
    await superuser.execute("GRANT SET ON PARAMETER log_min_messages TO room_authenticator")
    try:
        who = caller(4, role_settings=(("log_min_messages", "error"), ("statement_timeout", "9s")))
        shown = "current_setting('log_min_messages') || ' ' || current_setting('statement_timeout')"
        async with open_database(size=1, mode=session_mode) as database:
            for _ in range(2):
                assert (await database.read(who, probe(shown)))["seen"] == "error 9s"
                assert (await database.read(caller(5), probe(shown)))["seen"] == "warning 0"
                async with database.transaction(who, ENVELOPE, WRITE) as transaction:
                    assert (await transaction.fetch(probe(shown)))[0]["seen"] == "error 9s"
    finally:
        await superuser.execute("REVOKE SET ON PARAMETER log_min_messages FROM room_authenticator")


@pytest.mark.parametrize(
    "setting", [("default_transaction_read_only", "off"), ("client_encoding", "LATIN1"), ("role", "room_other")]
)
async def test_role_settings_cannot_take_the_session_over(
    open_database: OpenDatabase, setting: tuple[str, str]
) -> None:
    who = caller(4, role_settings=(setting,))
    async with open_database(size=1) as database:
        for _ in range(2):
            row = await database.read(who, probe("current_setting('transaction_read_only') || 'ä'"))
            assert row["seen"] == "onä"
            assert row["current_user"] == "room_user"


async def test_a_statement_timeout_is_the_roles(open_database: OpenDatabase) -> None:
    hasty = caller(4, role_settings=(("statement_timeout", "50ms"),))
    async with open_database(size=1) as database:
        for _ in range(2):
            with pytest.raises(DatabaseError) as stopped:
                await database.read(hasty, probe("pg_sleep(5)"))
            assert (stopped.value.status, stopped.value.code) == (500, "57014")
            with pytest.raises(DatabaseError) as stopped:
                async with database.transaction(hasty, ENVELOPE, WRITE) as transaction:
                    await transaction.fetch("SELECT pg_sleep(5)")
            assert stopped.value.code == "57014"
        await database.read(caller(1), probe("pg_sleep(0.1)"))
        assert database.stats().connects == 1


async def test_many_settings(open_database: OpenDatabase) -> None:
    who = caller(4, settings=tuple((f"app.settings.s{i}", str(i)) for i in range(300)))
    shown = probe("(SELECT sum(current_setting('app.settings.s' || i)::int) FROM generate_series(0, 299) i)")
    async with open_database(size=1) as database:
        assert (await database.read(who, shown))["seen"] == str(sum(range(300)))
        async with database.transaction(who, ENVELOPE, READ) as transaction:
            assert (await transaction.fetch(shown))[0]["seen"] == str(sum(range(300)))


async def test_tables_may_change_under_a_prepared_read(
    open_database: OpenDatabase, superuser: asyncpg.Connection
) -> None:
    await superuser.execute("CREATE TABLE shifting (a int); GRANT SELECT ON shifting TO room_user")
    statement = probe("SELECT max(a) FROM shifting").replace(")::text", ")")
    ran: list[int] = []

    async def twice(transaction: Transaction) -> str | None:
        ran.append(1)
        await transaction.fetch("SELECT 1")
        row = await transaction.fetchrow(statement)
        assert row is not None
        return row["seen"]

    async with open_database(size=1) as database:
        for kind, expected in (("int", "1"), ("text", "1"), ("numeric", "1"), ("bool", "true")):
            if kind == "bool":
                await superuser.execute("DROP TABLE shifting; CREATE TABLE shifting (a text)")
                await superuser.execute("INSERT INTO shifting VALUES ('true'); GRANT SELECT ON shifting TO room_user")
            else:
                await superuser.execute(f"ALTER TABLE shifting ALTER a TYPE {kind} USING 1")
                await superuser.execute("TRUNCATE shifting; INSERT INTO shifting VALUES ('1')")
            assert (await database.read(caller(), statement))["seen"] == expected
            async with database.transaction(caller(), ENVELOPE, READ) as transaction:
                row = await transaction.fetchrow(statement)
            assert row is not None
            assert row["seen"] == expected
        await superuser.execute("ALTER TABLE shifting ALTER a TYPE int USING 5")
        assert await database.run_transaction(caller(), ENVELOPE, READ, twice) == "5"
        assert len(ran) == 2
        assert database.stats().connects == 1
    await superuser.execute("DROP TABLE shifting")


@pytest.mark.parametrize("options", [{}, {"prepared_statements": False}, {"mode": "transaction"}], ids=str)
async def test_parameters_may_change_their_type(
    open_database: OpenDatabase, superuser: asyncpg.Connection, options: dict[str, Any]
) -> None:
    """At once where statements have no names, and after a flush where a name keeps the types it began with."""
    await superuser.execute("DROP TABLE IF EXISTS mutable; CREATE TABLE mutable (a int)")
    await superuser.execute("GRANT SELECT ON mutable TO room_user")
    statement = f"SELECT count(*)::text AS seen, {PROOF_COLUMNS} FROM mutable WHERE a = $1"
    async with open_database(size=1, **options) as database:
        for kind in ("text", "int", "numeric", "varchar", "bigint", "name"):
            await superuser.execute(f"ALTER TABLE mutable ALTER a TYPE {kind} USING a::text::{kind}")
            if not options:
                database.flush()
            assert (await database.read(caller(), statement, ("12",)))["seen"] == "0"
    await superuser.execute("DROP TABLE mutable")


async def test_an_unused_transaction_costs_nothing(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        await database.read(caller(1), NOTES)
        async with database.transaction(caller(2), ENVELOPE, WRITE):
            pass
        assert owners((await database.read(caller(1), NOTES))["body"]) == {"1"}
        assert (database.stats().scrubs, database.stats().switches) == (0, 1)


async def test_no_transaction_outlives_its_block(open_database: OpenDatabase, superuser: asyncpg.Connection) -> None:
    async with open_database(size=4) as database:

        async def stop_somewhere(database: Database, at: int) -> None:
            async with database.transaction(caller(at), ENVELOPE, WRITE) as transaction:
                for step in range(4):
                    if step == at:
                        raise LookupError
                    await transaction.fetch("SELECT 1" if step % 2 else "SELECT now()")

        await asyncio.gather(*(stop_somewhere(database, at % 6) for at in range(30)), return_exceptions=True)
        assert await superuser.fetchval("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'") == 0
