"""Whoever is signed in changes what is theirs; what arrives instead of a request does no harm."""

from __future__ import annotations

import asyncio
import json
import uuid
from urllib.parse import urlsplit

import pytest

from tests.auth.endpoints.conftest import House, code_of, link_of

PASSWORD = "correct horse"


def address() -> str:
    return f"{uuid.uuid4().hex[:10]}@b.co"


async def test_metadata_are_merged(house: House) -> None:
    session = await house.user(address())
    for data, expected in (
        ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 2}}),
        ({"b": {"d": 3}, "a": None}, {"b": {"d": 3}}),
        ({}, {"b": {"d": 3}}),
    ):
        told = await house.ask(house.one, "PUT", "/auth/v1/user", {"data": data}, bearer=session["access_token"])
        found = {name: value for name, value in told.body["user_metadata"].items() if name in {"a", "b"}}
        assert (told.status, found) == (200, expected)


async def test_metadata_do_not_grow_for_ever(house: House) -> None:
    """Tokens carry them, and a token that is too large locks its owner out."""
    session = await house.user(address())
    statuses = []
    for number in range(4):
        data = {f"key{number}": "x" * 3000}
        told = await house.ask(house.one, "PUT", "/auth/v1/user", {"data": data}, bearer=session["access_token"])
        statuses.append(told.status)
    assert statuses == [200, 200, 400, 400]
    again = await house.auth("/token?grant_type=refresh_token", {"refresh_token": session["refresh_token"]})
    assert (await house.ask(house.one, "GET", "/auth/v1/user", bearer=again.body["access_token"])).status == 200


async def test_a_new_address_is_confirmed_by_both(house: House) -> None:
    old, new = address(), address()
    session = await house.user(old)
    bearer = session["access_token"]
    told = await house.ask(house.one, "PUT", "/auth/v1/user", {"email": new}, bearer=bearer)
    assert (told.status, told.body["email"], told.body["new_email"]) == (200, old, new)
    half = await house.ask(house.one, "GET", link_of(house.mails(old)[0]))
    assert (half.status, "access_token" in half.to, "accepted" in half.fragment["message"]) == (303, False, True)
    assert (await house.ask(house.one, "GET", "/auth/v1/user", bearer=bearer)).body["email"] == old
    whole = await house.auth("/verify", {"email": new, "token": code_of(house.mails(new)[0]), "type": "email_change"})
    assert (whole.status, whole.body["user"]["email"]) == (200, new)
    assert "new_email" not in whole.body["user"]
    attempts = [
        (await house.auth("/token?grant_type=password", {"email": email, "password": PASSWORD})).status
        for email in (old, new)
    ]
    assert attempts == [400, 200]


async def test_one_half_counts_once(house: House) -> None:
    old, new = address(), address()
    session = await house.user(old)
    await house.ask(house.one, "PUT", "/auth/v1/user", {"email": new}, bearer=session["access_token"])
    path = link_of(house.mails(old)[0])
    assert "accepted" in (await house.ask(house.one, "GET", path)).fragment["message"]
    assert (await house.ask(house.one, "GET", path)).fragment["error_code"] == "otp_expired"
    told = await house.ask(house.one, "GET", "/auth/v1/user", bearer=session["access_token"])
    assert told.body["email"] == old


async def test_an_address_that_is_taken(house: House) -> None:
    other, session = address(), await house.user(address())
    await house.user(other)
    told = await house.ask(house.one, "PUT", "/auth/v1/user", {"email": other}, bearer=session["access_token"])
    assert (told.status, told.code) == (422, "email_exists")


async def test_recovery_leads_to_a_new_password(house: House) -> None:
    email = address()
    await house.user(email)
    assert (await house.auth("/recover", {"email": email})).body == {}
    told = await house.ask(house.two, "GET", link_of(house.mails(email)[0]))
    assert told.fragment["type"] == "recovery"
    changed = await house.ask(
        house.one, "PUT", "/auth/v1/user", {"password": "battery staple"}, bearer=told.fragment["access_token"]
    )
    assert changed.status == 200
    entered = await house.auth("/token?grant_type=password", {"email": email, "password": "battery staple"})
    assert entered.status == 200


async def test_a_link_for_whoever_asks(house: House) -> None:
    email = address()
    refused = await house.auth("/otp", {"email": email, "create_user": False})
    assert (refused.status, refused.code) == (422, "otp_disabled")
    assert (await house.auth("/otp", {"email": email, "data": {"a": 1}})).body == {}
    told = await house.auth("/verify", {"email": email, "token": code_of(house.mails(email)[0]), "type": "email"})
    assert (told.status, told.body["user"]["user_metadata"]["a"]) == (200, 1)
    assert (await house.auth("/otp", {"email": email})).body == {}
    told = await house.auth("/verify", {"email": email, "token": code_of(house.mails(email)[0]), "type": "magiclink"})
    assert told.status == 200


BODIES: dict[str, tuple[bytes, set[int]]] = {
    "nothing": (b"", {400}),
    "no JSON": (b"{", {400}),
    "an array": (b"[]", {400}),
    "a text": (b'"x"', {400}),
    "null": (b"null", {400}),
    "a list as address": (b'{"email": ["a@b.co"], "password": "correct horse"}', {400}),
    "a number as password": (b'{"email": "a@b.co", "password": 12345678}', {400}),
    "NUL": (b'{"email": "a@b.co", "password": "correct\\u0000horse"}', {400}),
    "half a surrogate pair": (b'{"email": "a@b.co", "password": "correct\\ud800horse"}', {400}),
    "invalid UTF-8": (b'{"email": "a@b.co", "password": "correct\xff"}', {400}),
    "a header in the address": (b'{"email": "a@b.co\\r\\nBcc: x@y.z", "password": "correct horse"}', {400}),
    "two addresses": (b'{"email": "a@b.co,c@d.e", "password": "correct horse"}', {400}),
    "SQL": (b'{"email": "a@b.co\'; drop table auth.users; --", "password": "correct horse"}', {400}),
    "deep": (b'{"data": ' + b'{"a":' * 9000 + b"1" + b"}" * 9000 + b"}", {400}),
    "wide": (json.dumps({"email": "a@b.co", "data": dict.fromkeys(map(str, range(5000)), 1)}).encode(), {400}),
    "large": (b'{"email": "' + b"a" * 2_000_000 + b'"}', {413}),
}  # fmt: skip


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", ["/signup", "/token?grant_type=password", "/recover", "/verify", "/otp", "/resend"])
async def test_bodies_that_are_none(house: House, path: str, case: tuple[bytes, set[int]]) -> None:
    body, statuses = case
    told = await house.auth(path, body)
    if told.status == 200 and path in {"/recover", "/otp"}:
        # They have no password, and nobody looks at what they do not ask for.
        assert case in (BODIES["a number as password"], BODIES["wide"])
        return
    assert told.status in statuses, told.body
    assert told.code == told.body["error_code"]
    assert told.headers["X-Supabase-Api-Version"] == "2024-01-01"


async def test_tokens_that_are_none(house: House) -> None:
    session = await house.user(address())
    head, payload, signature = session["access_token"].split(".")
    for bearer in (
        "x",
        "a.b.c",
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{payload}.{payload}",
    ):
        told = await house.ask(house.one, "GET", "/auth/v1/user", bearer=bearer)
        assert (told.status, told.code) == (403, "bad_jwt"), bearer
    missing = await house.ask(house.one, "GET", "/auth/v1/user")
    assert (missing.status, missing.code) == (401, "no_authorization")
    old = await house.ask(house.one, "GET", "/auth/v1/user", X_Supabase_Api_Version="2020-01-01")
    assert (old.body["code"], old.body["error_code"]) == (401, "no_authorization")


HEADERS = {
    "an agent that is no text": b"User-Agent: \xff\xfe caf\xe9",
    "a long agent": b"User-Agent: " + b"x" * 7000,
    "an address that is none": b"X-Forwarded-For: '; drop table auth.sessions; --",
    "a referrer that is none": b"Referer: http://\xff/%00",
    "a target that is none": b"redirect_to: \xff",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
async def test_headers_that_are_none(house: House, header: bytes) -> None:
    email = address()
    await house.user(email)
    for path, body in (
        ("/token?grant_type=password", {"email": email, "password": PASSWORD}),
        ("/recover", {"email": email}),
    ):
        assert await _status(house, path, json.dumps(body).encode(), header) == 200, path


async def _status(house: House, path: str, body: bytes, header: bytes) -> int:
    url = urlsplit(house.one.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(
        b"POST /auth/v1%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n%b\r\n\r\n%b" % (path.encode(), len(body), header, body)
    )
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return int(answer.split()[1])
