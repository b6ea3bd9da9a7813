"""Whatever a function does to its session, the next caller finds a session as good as new."""

from __future__ import annotations

import pytest

from gateway.database import Database, IdentityMismatch
from gateway.database.session import Session
from tests.database.database_room import ENVELOPE, NOTES, READ, WRITE, OpenDatabase, caller, owners, probe
from tests.database.spoils import SPOILS, Spoil, setting

ATTACKER, VICTIM = caller("attacker"), caller("victim")


FORGERY = """
    DEALLOCATE passerelle_1;
    PREPARE passerelle_1 AS
        SELECT '[{"owner": "forged"}]'::json, current_user, current_setting('request.jwt.claims', true)"""


async def spoil_then_look(database: Database, spoil: Spoil) -> str:
    async with database.transaction(ATTACKER, ENVELOPE, WRITE) as transaction:
        assert await transaction.fetchrow("SELECT public.misbehave($1)", (spoil.command,)) is not None
    row = await database.read(VICTIM, probe(spoil.probe))
    return row["seen"]


async def look_at_a_new_session(open_database: OpenDatabase, spoil: Spoil) -> str:
    async with open_database(size=1) as database:
        return (await database.read(VICTIM, probe(spoil.probe)))["seen"]


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.name)
async def test_the_next_read_sees_what_a_new_session_shows(open_database: OpenDatabase, spoil: Spoil) -> None:
    async with open_database(size=1) as database:
        seen = await spoil_then_look(database, spoil)
        statistics = database.stats()
        assert statistics.connects == 2 or statistics.scrubs == 1
    if spoil.name == "random seed":
        assert seen != await seeded_random(open_database)
    else:
        assert seen == await look_at_a_new_session(open_database, spoil)


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.name)
async def test_the_next_transaction_sees_what_a_new_session_shows(open_database: OpenDatabase, spoil: Spoil) -> None:
    async def look(database: Database) -> str:
        async with database.transaction(VICTIM, ENVELOPE, READ) as transaction:
            row = await transaction.fetchrow(probe(spoil.probe))
            assert row is not None
            return row["seen"]

    async with open_database(size=1) as database:
        await spoil_then_look(database, spoil)
        seen = await look(database)
    async with open_database(size=1) as database:
        expected = await look(database)
    assert (seen != await seeded_random(open_database)) if spoil.name == "random seed" else (seen == expected)


@pytest.mark.parametrize(
    "spoil",
    # A search path is sent with each identity anyway.
    [spoil for spoil in SPOILS if spoil.name != "search path"],
    ids=lambda spoil: spoil.name,
)
async def test_without_a_scrub_each_of_these_would_be_seen(
    open_database: OpenDatabase, spoil: Spoil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "_scrub", lambda _self: b"")
    async with open_database(size=1, verify_identity=False) as database:
        monkeypatch.setattr("gateway.database.connection.TextConnection.understands", True)
        seen = await spoil_then_look(database, spoil)
    if spoil.name == "random seed":
        assert seen == await seeded_random(open_database)
    else:
        assert seen != await look_at_a_new_session(open_database, spoil)


async def seeded_random(open_database: OpenDatabase) -> str:
    async with open_database(size=1) as database, database.transaction(VICTIM, ENVELOPE, READ) as transaction:
        await transaction.fetch("SELECT setseed(0.25)")
        row = await transaction.fetchrow(probe("random()"))
        assert row is not None
        return row["seen"]


@pytest.mark.parametrize(
    "command",
    [
        "SELECT set_config('role', 'room_other', false)",
        "SELECT set_config('role', 'none', false)",
        "RESET ROLE",
        """SELECT set_config('request.jwt.claims', '{"sub":"victim"}', false)""",
        "RESET ALL",
        "SET SESSION AUTHORIZATION DEFAULT",
    ],
)
async def test_changing_who_one_is_changes_nothing_for_the_next(open_database: OpenDatabase, command: str) -> None:
    async with open_database(size=1) as database:
        async with database.transaction(ATTACKER, ENVELOPE, WRITE) as transaction:
            await transaction.fetch("SELECT public.misbehave($1)", (command,))
        assert owners((await database.read(caller(7), NOTES))["body"]) == {"7"}
        assert database.stats().mismatches == 0


@pytest.mark.parametrize("encoding", ["LATIN1", "SJIS", "SQL_ASCII"])
async def test_a_session_of_another_encoding_is_not_used_again(open_database: OpenDatabase, encoding: str) -> None:
    async with open_database(size=1) as database:
        async with database.transaction(ATTACKER, ENVELOPE, WRITE) as transaction:
            await transaction.fetch("SELECT public.misbehave($1)", (f"SET client_encoding = '{encoding}'",))
        row = await database.read(VICTIM, f"SELECT $1::text AS seen, {probe('1').partition(', ')[2]}", ("ä✓",))
        assert row["seen"] == "ä✓"
        assert database.stats().connects == 2


@pytest.mark.parametrize("prepared", [True, False])
async def test_prepared_statements_cannot_be_substituted(open_database: OpenDatabase, prepared: bool) -> None:
    async with open_database(size=1, prepared_statements=prepared) as database:
        victim = caller(7)
        assert owners((await database.read(victim, NOTES))["body"]) == {"7"}
        async with database.transaction(ATTACKER, ENVELOPE, WRITE) as transaction:
            row = await transaction.fetchrow("SELECT public.substitute_statements()")
            assert row is not None
            assert int(row[0]) > 0 or not prepared
        assert owners((await database.read(victim, NOTES))["body"]) == {"7"}
        async with database.transaction(victim, ENVELOPE, READ) as transaction:
            again = await transaction.fetchrow(NOTES)
        assert again is not None
        assert owners(again["body"]) == {"7"}


async def test_substituted_statements_are_noticed_by_the_scrub_alone(
    open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof columns would not tell: the forged statement returns them as well."""
    monkeypatch.setattr(Session, "_scrub", lambda _self: b"")
    async with open_database(size=1) as database:
        await database.read(caller(7), NOTES)
        await database.read(caller(8), NOTES)
        async with database.transaction(ATTACKER, ENVELOPE, WRITE) as transaction:
            await transaction.fetch("SELECT 1")
            await transaction.fetch(
                "SELECT public.misbehave($1)",
                (FORGERY,),
            )
        assert owners((await database.read(caller(7), NOTES))[0]) == {"forged"}


async def test_statements_deallocated_by_a_function_are_prepared_again(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        for _ in range(3):
            assert owners((await database.read(caller(7), NOTES))["body"]) == {"7"}
            async with database.transaction(ATTACKER, ENVELOPE, WRITE) as transaction:
                await transaction.fetch("SELECT public.misbehave('DEALLOCATE ALL')")


async def test_a_role_named_none_is_no_way_to_the_login_role(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        nobody = caller(1, "none")
        for _ in range(2):
            with pytest.raises(Exception, match='role "none" does not exist') as refused:
                await database.read(nobody, probe("current_user"))
            assert refused.value.status == 401  # type: ignore[attr-defined]
        with pytest.raises(Exception, match='role "none" does not exist'):
            async with database.transaction(nobody, ENVELOPE, READ) as transaction:
                await transaction.fetch("SELECT 1")
        assert owners((await database.read(caller(7), NOTES))["body"]) == {"7"}
        assert database.stats().connects == 1


async def test_a_scrub_that_is_undone_with_its_request_is_done_again(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        async with database.transaction(ATTACKER, ENVELOPE, WRITE) as transaction:
            await transaction.fetch("SELECT public.misbehave($1)", ("SET app.tenant = 'attacker'",))
        with pytest.raises(Exception, match="division by zero"):
            await database.read(VICTIM, probe("1 / 0"))
        assert (await database.read(VICTIM, probe(setting("app.tenant"))))["seen"] == ""
        for mode in (READ, WRITE):
            with pytest.raises(Exception, match="division by zero"):
                async with database.transaction(VICTIM, ENVELOPE, mode, opaque=False) as transaction:
                    await transaction.fetch("SELECT 1 / 0")
        assert (await database.read(VICTIM, probe(setting("transaction_read_only"))))["seen"] == "on"


def test_there_is_a_name_for_a_failed_proof() -> None:
    assert IdentityMismatch().status == 503
