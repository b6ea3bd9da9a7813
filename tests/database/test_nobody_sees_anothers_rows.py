"""Many callers, few connections, functions that misbehave, requests cancelled in flight: every answer is one's own."""

from __future__ import annotations

import asyncio
import json
import random

import pytest

from gateway.database import Database, DatabaseError, IdentityMismatch
from gateway.database.session import Session
from tests.database.database_room import (
    ENVELOPE,
    NOTES,
    NOTES_EACH,
    READ,
    USERS,
    WRITE,
    OpenDatabase,
    caller,
    owners,
    probe,
)

WORKERS = 24
ROUNDS = 30

MISCHIEF = [
    "SELECT set_config('role', 'room_other', false)",
    "RESET ROLE",
    """SELECT set_config('request.jwt.claims', '{"sub":"1"}', false)""",
    "SET search_path = elsewhere",
    "SET default_transaction_read_only = off",
    "SET app.tenant = 'attacker'",
    "CREATE TEMP TABLE notes AS SELECT 0 AS id, 'forged'::text AS owner; GRANT SELECT ON notes TO PUBLIC",
    "SELECT pg_advisory_lock(1)",
    "DECLARE loot CURSOR WITH HOLD FOR SELECT * FROM public.notes",
    "PREPARE passerelle_999 AS SELECT 1",
    "DEALLOCATE ALL",
    "LISTEN eavesdropping",
    "SET client_encoding = 'LATIN1'",
]
UNQUALIFIED = NOTES.replace("public.notes", "notes")


class Witness:
    """Runs requests of one user after the other and notes whatever was not that user's."""

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self._random = random.Random(seed)
        self.foreign: list[str] = []
        self.answers = 0
        self.refusals = 0

    async def run(self) -> None:
        for _ in range(ROUNDS):
            user = str(self._random.randint(1, USERS))
            role = self._random.choice(["room_user", "room_user", "room_other"])
            action = self._random.choice([self.read, self.read, self.read, self.transact, self.misbehave, self.cancel])
            try:
                await action(user, role)
            except IdentityMismatch:
                self.refusals += 1

    async def read(self, user: str, role: str) -> None:
        row = await self._database.read(caller(user, role), self._random.choice([NOTES, UNQUALIFIED]))
        self.check(user, role, row["body"], row[1], row[2])

    async def transact(self, user: str, role: str) -> None:
        async with self._database.transaction(caller(user, role), ENVELOPE, READ) as transaction:
            row = await transaction.fetchrow(UNQUALIFIED)
        assert row is not None
        self.check(user, role, row["body"], row[1], row[2])

    async def misbehave(self, user: str, role: str) -> None:
        async with self._database.transaction(caller(user, role), ENVELOPE, WRITE) as transaction:
            await transaction.fetch("SELECT public.misbehave($1)", (self._random.choice(MISCHIEF),))

    async def cancel(self, user: str, role: str) -> None:
        statement = self._random.choice([NOTES, probe("pg_sleep(5)"), probe("pg_sleep(0.001)")])
        task = asyncio.ensure_future(self._database.read(caller(user, role), statement))
        await asyncio.sleep(self._random.choice([0, 0.002, 0.02]))
        task.cancel()
        try:
            row = await task
        except asyncio.CancelledError:
            return
        if statement == NOTES:
            self.check(user, role, row["body"], row[1], row[2])

    def check(self, user: str, role: str, body: bytes, seen_role: str, seen_claims: str) -> None:
        self.answers += 1
        if owners(body) != {user} or len(json.loads(body)) != NOTES_EACH or seen_role != role:
            self.foreign.append(f"{role} {user} got {owners(body)} as {seen_role}")
        if json.loads(seen_claims)["sub"] != user:
            self.foreign.append(f"{user} ran with {seen_claims}")


async def witness(database: Database) -> list[Witness]:
    witnesses = [Witness(database, seed) for seed in range(WORKERS)]
    await asyncio.gather(*(each.run() for each in witnesses))
    return witnesses


@pytest.mark.parametrize("mode", ["session", "transaction"])
@pytest.mark.parametrize("prepared", [True, False])
async def test_every_answer_is_ones_own(open_database: OpenDatabase, mode: str, prepared: bool) -> None:
    async with open_database(size=4, mode=mode, prepared_statements=prepared) as database:
        witnesses = await witness(database)
        assert [line for each in witnesses for line in each.foreign] == []
        assert sum(each.answers for each in witnesses) > WORKERS * ROUNDS / 3
        statistics = database.stats()
        assert statistics.mismatches == 0
        assert statistics.cancellations > 0 or mode == "transaction"
        assert statistics.connected <= 4


def forget_to_switch(session: Session, _caller: object) -> bytes:
    """A bug as one might write it: a session that carries somebody is taken for one that carries the caller."""
    if session.carried is None or session.dirty:
        return right_messages(session, _caller)  # type: ignore[arg-type]
    return b""


right_messages = Session.messages_to_carry


@pytest.mark.parametrize("verify", [True, False])
async def test_a_bug_in_the_switch_is_caught_by_the_proof_and_by_nothing_else(
    open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, verify: bool
) -> None:
    monkeypatch.setattr(Session, "messages_to_carry", forget_to_switch)
    async with open_database(size=4, verify_identity=verify) as database:
        foreign = [line for each in await witness(database) for line in each.foreign]
        mismatches = database.stats().mismatches
    if verify:
        assert foreign == []
        assert mismatches > 0
        assert any(record.levelname == "CRITICAL" for record in caplog.records)
    else:
        assert foreign != []


async def test_a_proof_that_fails_on_a_new_session_too_is_a_503(
    open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "messages_to_carry", lambda *_: b"")
    async with open_database(size=1) as database:
        with pytest.raises(IdentityMismatch) as refused:
            await database.read(caller(1), probe("1"))
        assert refused.value.status == 503
        assert database.stats().mismatches == 2
        monkeypatch.undo()
        assert owners((await database.read(caller(1), NOTES))["body"]) == {"1"}


@pytest.mark.parametrize("statement", ["SELECT 1", "SELECT 1 WHERE false", "SELECT current_user, '{}'"])
async def test_an_answer_without_proof_is_not_returned(open_database: OpenDatabase, statement: str) -> None:
    async with open_database(size=1) as database:
        with pytest.raises(IdentityMismatch):
            await database.read(caller(1), statement)
        assert database.stats().connected == 0


HOSTILE = [
    "'; DROP TABLE public.notes; --",
    "\\'; DROP TABLE public.notes; --",
    "$$; DROP TABLE public.notes; $$",
    '"; DROP TABLE public.notes; --',
    "E'\\''",
    "\\",
    "%s %(x)s {0} $1 :x",
    "ä✓\U0001f600\u2028",
    "x" * 100_000,
    "\x01\x1f\x7f",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_sql_in_claims_and_settings_is_text(open_database: OpenDatabase, text: str) -> None:
    from gateway.database import Envelope

    hostile = caller(text, settings=(("app.settings.x", text),))
    envelope = Envelope(text, text, json.dumps({"x": text}), json.dumps({"x": text}))
    shown = "current_setting('app.settings.x') || '|' || (current_setting('request.jwt.claims')::json ->> 'sub')"
    async with open_database(size=1) as database:
        for _ in range(2):
            assert (await database.read(hostile, probe(shown)))["seen"] == f"{text}|{text}"
            async with database.transaction(hostile, envelope, WRITE) as transaction:
                row = await transaction.fetchrow(
                    "SELECT current_setting('request.method'), current_setting('request.path'),"
                    " current_setting('request.headers')::json ->> 'x',"
                    " current_setting('request.cookies')::json ->> 'x'"
                )
            assert row is not None
            assert list(row) == [text] * 4
        assert owners((await database.read(caller(1), NOTES))["body"]) == {"1"}


@pytest.mark.parametrize("role", [text for text in HOSTILE if len(text) < 100] + ["x" * 63, "x" * 64, "room_user " * 9])
async def test_sql_in_a_role_is_a_role_that_does_not_exist(open_database: OpenDatabase, role: str) -> None:
    async with open_database(size=1) as database:
        with pytest.raises(DatabaseError, match="does not exist") as refused:
            await database.read(caller(1, role), NOTES)
        assert (refused.value.status, refused.value.code) == (401, "22023")
        with pytest.raises(DatabaseError, match="does not exist"):
            async with database.transaction(caller(1, role), ENVELOPE, WRITE) as transaction:
                await transaction.fetch(NOTES)
        assert owners((await database.read(caller(1), NOTES))["body"]) == {"1"}


async def test_nul_and_broken_utf8_are_refused_without_harm(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        for bad in ("\0", "a\0b", "\udc80"):
            for who in (caller(bad, settings=(("app.x", bad),)), caller(1)):
                with pytest.raises(DatabaseError) as refused:
                    await database.read(who, probe("$1::text"), (bad,))
                assert (refused.value.status, refused.value.code) == (400, "22021")
                with pytest.raises(DatabaseError) as refused:
                    async with database.transaction(who, ENVELOPE, WRITE) as transaction:
                        await transaction.fetch("SELECT $1::text", (bad,))
                assert (refused.value.status, refused.value.code) == (400, "22021")
            assert owners((await database.read(caller(2), NOTES))["body"]) == {"2"}
        assert (database.stats().mismatches, database.stats().connects) == (0, 1)


async def test_a_role_that_was_not_granted_is_refused(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        with pytest.raises(DatabaseError) as refused:
            await database.read(caller(1, "room_stranger"), NOTES)
        assert (refused.value.status, refused.value.code) == (403, "42501")
