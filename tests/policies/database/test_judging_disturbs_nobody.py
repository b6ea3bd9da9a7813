"""While tables are in use, for whom they are not, and in the middle of a transaction."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from gateway.embedded import EmbeddedPostgres
from gateway.policies.database import Verdict, Wanted, judge
from tests.policies.database.expressions import ACCEPTED, ONLY_ON_THE_RELATION, PATH, wanted

EXPRESSIONS = [one for one in ACCEPTED if one not in ONLY_ON_THE_RELATION]


async def test_readers_and_writers_of_the_tables_go_on(tables: asyncpg.Connection, empty_dsn: str) -> None:
    expected = await judge(tables, EXPRESSIONS, PATH)
    other = await asyncpg.connect(empty_dsn)
    try:
        async with other.transaction():
            for table in {one.relation for one in ACCEPTED}:
                name = f'"{table.schema.replace(chr(34), chr(34) * 2)}"."{table.name.replace(chr(34), chr(34) * 2)}"'
                await other.execute(f"lock table {name} in row exclusive mode")
            async with asyncio.timeout(20):
                verdicts = await judge(tables, ACCEPTED, PATH)
    finally:
        await other.close()

    assert {one: verdicts[one] for one in EXPRESSIONS} == expected
    for one in ONLY_ON_THE_RELATION:
        problem = verdicts[one].problem
        assert problem is not None
        assert problem.sqlstate == "55P03"


async def test_somebody_who_may_not_read_the_tables(
    tables: asyncpg.Connection, empty_dsn: str, cluster: EmbeddedPostgres, role: str
) -> None:
    expected = await judge(tables, EXPRESSIONS, PATH)
    await tables.execute(f'grant usage on schema other, extensions, "Odd ""schema""" to {role}')
    name = await tables.fetchval("select current_database()")
    stranger = await asyncpg.connect(cluster.dsn(name, user=role))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await stranger.fetch("select from resources")
        assert await judge(stranger, EXPRESSIONS, PATH) == expected
        for verdict in (await judge(stranger, ONLY_ON_THE_RELATION, PATH)).values():
            assert verdict.problem is not None
            assert verdict.problem.sqlstate == "42501"

        await tables.execute(f"revoke temp on database {name} from public")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="temporary"):
            await judge(stranger, EXPRESSIONS, PATH)
    finally:
        await stranger.close()


async def test_an_open_transaction_stays_as_it_was(tables: asyncpg.Connection) -> None:
    bad = wanted("nonsense")
    async with tables.transaction():
        await tables.execute("set local search_path = other; create table other.fresh (ok boolean)")
        fresh = wanted("ok", "fresh", "other")

        verdicts = await judge(tables, [fresh, bad], PATH)

        assert verdicts[fresh] == Verdict("ok", None)
        assert verdicts[bad].problem is not None
        assert await tables.fetchval("show search_path") == "other"
        assert await tables.fetchval("select count(*) from pg_class where relpersistence = 't'") == 0
        assert await tables.fetch(
            "select from pg_locks where pid = pg_backend_pid() and mode = 'AccessExclusiveLock'"
        ) == await tables.fetch(
            "select from pg_locks where pid = pg_backend_pid() and mode = 'AccessExclusiveLock' "
            "and relation = 'other.fresh'::regclass"
        )
    assert await tables.fetchval("select to_regclass('other.fresh') is not null")


async def test_what_is_not_the_expressions_fault_is_raised(tables: asyncpg.Connection, empty_dsn: str) -> None:
    asked = [wanted("flag"), wanted("exists (select from shares)"), wanted("nonsense")]
    other = await asyncpg.connect(empty_dsn)
    try:
        await tables.execute("set lock_timeout = '50ms'")
        async with other.transaction():
            await other.execute("lock table shares in access exclusive mode")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await judge(tables, asked, PATH)
        assert not tables.is_in_transaction()
        assert (await judge(tables, asked, PATH))[asked[1]].problem is None
    finally:
        await other.close()


async def test_a_cancelled_judge_leaves_nothing(tables: asyncpg.Connection) -> None:
    asked = [Wanted(one.relation, f"{one.expression}\nand {number} > 0") for one in ACCEPTED for number in range(20)]
    for step in range(40):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.0005 * step):
                await judge(tables, asked, PATH)
        assert await tables.fetchval("select count(*) from pg_class where relpersistence = 't'") == 0
        assert not tables.is_in_transaction()


async def test_the_transaction_around_a_cancelled_judge_goes_on(tables: asyncpg.Connection) -> None:
    asked = [Wanted(one.relation, f"{one.expression}\nand {number} > 0") for one in ACCEPTED for number in range(20)]
    async with tables.transaction():
        await tables.execute("set local search_path = other; create table other.fresh (ok boolean)")
        for step in range(40):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.0005 * step):
                    await judge(tables, asked, PATH)
            assert await tables.fetchval("show search_path") == "other"
            assert await tables.fetchval("select count(*) from pg_class where relpersistence = 't'") == 0
    assert await tables.fetchval("select to_regclass('other.fresh') is not null")


async def test_a_server_that_goes_away_is_an_error(tables: asyncpg.Connection, empty_dsn: str) -> None:
    doomed = await asyncpg.connect(empty_dsn)
    asked = [Wanted(one.relation, f"{one.expression}\nand {number} > 0") for one in ACCEPTED for number in range(20)]
    task = asyncio.ensure_future(judge(doomed, asked, PATH))
    await asyncio.sleep(0.05)
    await tables.execute("select pg_terminate_backend($1)", doomed.get_server_pid())
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await asyncio.wait_for(task, 10)
    await doomed.close(timeout=1)
