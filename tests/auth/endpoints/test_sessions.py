"""Sessions are refreshed by many at once, and end when they are ended: everywhere, before the answer."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from gateway.bus import BusUnavailable, Facts, Reason
from tests.auth.endpoints.conftest import House, Told


def address() -> str:
    return f"{uuid.uuid4().hex[:10]}@b.co"


async def refreshed(house: House, token: str, served: Any = None) -> Told:
    return await house.auth("/token?grant_type=refresh_token", {"refresh_token": token}, served)


async def test_a_hundred_refreshes_at_once_are_one(house: House) -> None:
    session = await house.user(address())
    instances = (house.one, house.two, house.open)
    answers = await asyncio.gather(
        *(refreshed(house, session["refresh_token"], instances[number % 3]) for number in range(100))
    )
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["refresh_token"] for answer in answers}) == 1
    for answer in answers[:3]:
        assert await house.notes(answer.body["access_token"]) == 200
    assert (await refreshed(house, answers[0].body["refresh_token"])).status == 200


async def test_an_answer_that_was_lost_is_given_again(house: House) -> None:
    session = await house.user(address())
    first = await refreshed(house, session["refresh_token"])
    await house.owner.execute("update auth.sessions set refreshed_at = refreshed_at - interval '1 year'")
    again = await refreshed(house, session["refresh_token"], house.two)
    assert (again.status, again.body["refresh_token"]) == (200, first.body["refresh_token"])


async def test_a_token_that_two_have_ends_its_session_and_no_other(house: House) -> None:
    email = address()
    session = await house.user(email)
    other = await house.auth("/token?grant_type=password", {"email": email, "password": "correct horse"})
    tokens = [session["refresh_token"]]
    for _ in range(3):
        told = await refreshed(house, tokens[-1])
        tokens.append(told.body["refresh_token"])
    await house.owner.execute("update auth.sessions set refreshed_at = refreshed_at - interval '1 minute'")
    reused = await refreshed(house, tokens[0], house.two)
    assert (reused.status, reused.code) == (400, "refresh_token_already_used")
    for served in (house.one, house.two):
        assert await house.notes(told.body["access_token"], served) == 401
        assert (await refreshed(house, tokens[-1], served)).code == "refresh_token_not_found"
        assert await house.notes(other.body["access_token"], served) == 200


@pytest.mark.parametrize("token", ["", "x", "a" * 52, "_" * 52, "AQ" + "A" * 50, "é" * 52, "' or 1=1 --", "x" * 5000])
async def test_tokens_that_are_none(house: House, token: str) -> None:
    told = await refreshed(house, token)
    assert (told.status, told.code) in {(400, "validation_failed"), (400, "refresh_token_not_found")}


async def test_a_forged_mac_is_refused(house: House) -> None:
    session = await house.user(address())
    token = session["refresh_token"]
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert (await refreshed(house, forged)).code == "refresh_token_not_found"
    assert (await refreshed(house, token)).status == 200


SCOPES = {"global": (401, 401, 401), "local": (401, 200, 200), "others": (200, 401, 401)}


@pytest.mark.parametrize("scope", SCOPES)
async def test_signing_out_counts_everywhere_at_once(house: House, scope: str) -> None:
    email = address()
    sessions = [await house.user(email)]
    for served in (house.one, house.two):
        told = await house.auth("/token?grant_type=password", {"email": email, "password": "correct horse"}, served)
        sessions.append(told.body)
    stranger = await house.user(address())
    for served in (house.one, house.two):
        for session in (*sessions, stranger):
            assert await house.notes(session["access_token"], served) == 200
    told = await house.auth(f"/logout?scope={scope}", bearer=sessions[0]["access_token"])
    assert (told.status, told.body) == (204, b"")
    for served in (house.one, house.two):
        found = [await house.notes(session["access_token"], served) for session in sessions]
        assert tuple(found) == SCOPES[scope]
        assert await house.notes(stranger["access_token"], served) == 200
    me = await house.ask(house.two, "GET", "/auth/v1/user", bearer=sessions[1]["access_token"])
    if SCOPES[scope][1] == 401:
        assert (me.status, me.code) == (403, "session_not_found")
        assert (await refreshed(house, sessions[1]["refresh_token"])).code == "refresh_token_not_found"


async def test_a_read_that_begins_after_a_sign_out_is_refused(house: House) -> None:
    """While others read as fast as they can."""
    for _ in range(10):
        session = await house.user(address())
        ended = False

        async def read(served: Any, session: dict[str, Any] = session) -> int:
            wrong = 0
            for _ in range(60):
                begun_after = ended  # noqa: B023 - as it is then
                status = await house.notes(session["access_token"], served)
                wrong += begun_after and status != 401
            return wrong

        readers = [asyncio.create_task(read(served)) for served in (house.one, house.two)]
        await asyncio.sleep(0.02)
        assert (await house.auth("/logout", bearer=session["access_token"])).status == 204
        ended = True
        assert await asyncio.gather(*readers) == [0, 0]


ENDS = {
    "banned": "update auth.users set banned_until = now() + interval '1 hour' where email = $1",
    "deleted softly": "update auth.users set deleted_at = now() where email = $1",
    "deleted": "delete from auth.users where email = $1",
    "sessions deleted": "delete from auth.sessions where user_id = (select id from auth.users where email = $1)",
}


@pytest.mark.parametrize("sql", ENDS.values(), ids=ENDS)
async def test_what_is_done_in_sql_counts_soon(house: House, sql: str) -> None:
    email = address()
    session = await house.user(email)
    assert await house.notes(session["access_token"]) == 200
    await house.owner.execute(sql, email)
    for served in (house.one, house.two):
        for _ in range(100):
            if await house.notes(session["access_token"], served) == 401:
                break
            await asyncio.sleep(0.05)
        assert await house.notes(session["access_token"], served) == 401


async def test_a_new_password_ends_all_other_sessions(house: House) -> None:
    email = address()
    session, other = await house.user(email), None
    other = (await house.auth("/token?grant_type=password", {"email": email, "password": "correct horse"})).body
    same = await house.ask(
        house.one, "PUT", "/auth/v1/user", {"password": "correct horse"}, bearer=session["access_token"]
    )
    assert (same.status, same.code) == (422, "same_password")
    told = await house.ask(
        house.one, "PUT", "/auth/v1/user", {"password": "battery staple"}, bearer=session["access_token"]
    )
    assert told.status == 200
    assert await house.notes(session["access_token"], house.two) == 200
    assert await house.notes(other["access_token"], house.two) == 401
    attempts = [
        (await house.auth("/token?grant_type=password", {"email": email, "password": password})).status
        for password in ("correct horse", "battery staple")
    ]
    assert attempts == [400, 200]


async def test_an_instance_that_cannot_tell_gives_the_others_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await house.user(address())
    assert await house.notes(session["access_token"], house.two) == 200

    async def broken(self: Facts, facts: object, notices: object = ()) -> None:
        raise BusUnavailable(Reason.LOST)

    monkeypatch.setattr(Facts, "tell", broken)
    assert (await house.auth("/logout", bearer=session["access_token"])).status == 204
    assert await house.notes(session["access_token"], house.two) == 401


async def test_a_session_of_another_server_is_nobodys(house: House) -> None:
    """A genuine token with a session that there never was."""
    from tests.serving import token

    stranger = token(sub=str(uuid.uuid4()), session_id=str(uuid.uuid4()), aud="authenticated")
    me = await house.ask(house.one, "GET", "/auth/v1/user", bearer=stranger)
    assert (me.status, me.code) == (403, "session_not_found")
    session = await house.user(address())
    borrowed = token(sub=str(uuid.uuid4()), session_id=_session(session["access_token"]), aud="authenticated")
    me = await house.ask(house.one, "GET", "/auth/v1/user", bearer=borrowed)
    assert (me.status, me.code) == (403, "bad_jwt")


def _session(token: str) -> str:
    import jwt

    return jwt.decode(token, options={"verify_signature": False})["session_id"]
