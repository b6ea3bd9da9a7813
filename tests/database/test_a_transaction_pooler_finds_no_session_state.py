"""In `transaction` mode any connection may be another backend the next moment, as behind PgBouncer."""

from __future__ import annotations

import asyncpg
import pytest

from gateway.database import DatabaseError
from tests.database.database_room import ENVELOPE, NOTES, READ, WRITE, OpenDatabase, caller, owners, probe
from tests.database.spoils import SPOILS, Spoil

STATE = """
    SELECT (SELECT count(*) FROM pg_prepared_statements) || ' ' || current_setting('transaction_read_only') || ' '
        || session_user || ' ' || current_setting('application_name')"""


async def test_nothing_is_left_between_transactions(open_database: OpenDatabase) -> None:
    async with open_database(size=1, mode="transaction") as database:
        for sub in range(1, 4):
            assert owners((await database.read(caller(sub), NOTES))["body"]) == {str(sub)}
            async with database.transaction(caller(sub), ENVELOPE, READ) as transaction:
                row = await transaction.fetchrow(NOTES)
                assert row is not None
                assert owners(row["body"]) == {str(sub)}
        session = database._pool.take(caller(9))
        assert session is not None
        rows = await session.execute(f"SELECT ({STATE}), current_user, current_setting('request.jwt.claims', true)", ())
        assert list(rows[0]) == ["0 off room_authenticator passerelle", "room_authenticator", ""]
        database._pool.give(session)


# UNLISTEN takes effect at the end of the transaction; the driver drops notifications anyway. A change of how strings
# are written ends the connection. Two random numbers differ.
ELSEWHERE = {"listening", "standard strings", "random seed"}


@pytest.mark.parametrize("spoil", [spoil for spoil in SPOILS if spoil.name not in ELSEWHERE], ids=lambda s: s.name)
async def test_a_backend_that_others_have_spoiled(open_database: OpenDatabase, spoil: Spoil) -> None:
    """Each transaction scrubs the backend it met, whatever is known about the connection to the pooler."""

    async def look(spoiled: bool) -> list[str]:
        async with open_database(size=1, mode="transaction") as database:
            if spoiled:
                async with database.transaction(caller("attacker"), ENVELOPE, WRITE) as transaction:
                    await transaction.fetch("SELECT public.misbehave($1)", (spoil.command,))
                database._pool._idle[0].dirty = False
            read = await database.read(caller(1), probe(spoil.probe))
            async with database.transaction(caller(1), ENVELOPE, READ) as transaction:
                row = await transaction.fetchrow(probe(spoil.probe))
            assert row is not None
            assert database.stats().connects == 1
            return [read["seen"], row["seen"]]

    assert await look(spoiled=True) == await look(spoiled=False)


async def test_statements_prepared_by_others_are_none_of_our_business(open_database: OpenDatabase) -> None:
    async with open_database(size=1, mode="transaction") as database:
        async with database.transaction(caller(1), ENVELOPE, WRITE) as transaction:
            await transaction.fetch("SELECT public.misbehave('PREPARE theirs AS SELECT 1')")
        assert owners((await database.read(caller(2), NOTES))["body"]) == {"2"}
        assert database.stats().connects == 1


async def test_startup_needs_no_setting_a_pooler_refuses(
    open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, str]] = []
    connect = asyncpg.connect

    async def spy(*arguments: object, **options: object) -> object:
        asked.append(options["server_settings"])  # type: ignore[arg-type]
        return await connect(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncpg, "connect", spy)
    async with open_database(size=1, mode="transaction") as database:
        await database.read(caller(1), NOTES)
    assert asked == [{"application_name": "passerelle"}]


async def test_reads_are_read_only_and_errors_leave_a_usable_connection(open_database: OpenDatabase) -> None:
    async with open_database(size=1, mode="transaction") as database:
        for _ in range(3):
            with pytest.raises(DatabaseError) as refused:
                await database.read(caller(), f"WITH w AS (INSERT INTO public.ledger VALUES ('never')) {probe('1')}")
            assert refused.value.code == "25006"
            with pytest.raises(DatabaseError):
                async with database.transaction(caller(), ENVELOPE, WRITE) as transaction:
                    await transaction.fetch("SELECT nonsense")
        assert owners((await database.read(caller(2), NOTES))["body"]) == {"2"}
        assert database.stats().connects == 1
