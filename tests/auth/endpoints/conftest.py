"""Two instances with accounts on one database; a third that does not confirm addresses."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest_asyncio

from gateway.auth.mail import Message, Outbox
from gateway.embedded import EmbeddedPostgres, EmbeddedValkey
from gateway.migrations import migrate
from gateway.paths import schema_directory
from tests.serving import Served, settle_leases, start_gateway, stop_gateway

PREFIX = "accounts:"
SITE = "http://app.example"
_NOTES = """
create table public.notes (id int primary key, owner uuid);
grant select, insert on public.notes to anon, authenticated;
insert into public.notes values (1, null);
"""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: `body` is its JSON, `to` where it sends a browser."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> str | None:
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def to(self) -> str:
        return self.headers["Location"]

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.to).query).items()}

    @property
    def fragment(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.to).fragment).items()}


@dataclass(frozen=True, slots=True)
class House:
    """`one` and `two` confirm addresses, `open` does not. `owner` asks PostgreSQL, past everything."""

    one: Served
    two: Served
    open: Served
    owner: asyncpg.Connection

    async def ask(
        self, served: Served, method: str, path: str, body: object = None, *, bearer: str | None = None, **headers: str
    ) -> Told:
        sent = {"X-Supabase-Api-Version": "2024-01-01"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer}"
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        url = f"{served.url}{path}"
        async with served.client.request(method, url, headers=sent, data=data, allow_redirects=False) as response:
            text = await response.read()
            kind = response.headers.get("Content-Type", "")
            return Told(response.status, json.loads(text) if text and "json" in kind else text, response.headers.copy())

    async def auth(self, path: str, body: object = None, served: Served | None = None, **more: str) -> Told:
        """POST to the first instance."""
        return await self.ask(served or self.one, "POST", f"/auth/v1{path}", body, **more)  # type: ignore[arg-type]

    async def user(self, email: str, password: str = "correct horse", served: Served | None = None) -> dict[str, Any]:
        """Somebody new, signed in."""
        told = await self.auth("/signup", {"email": email, "password": password, "data": {}}, self.open)
        assert told.status == 200, told.body
        if served is not None:
            told = await self.auth("/token?grant_type=password", {"email": email, "password": password}, served)
        return told.body

    def mails(self, to: str, served: Served | None = None) -> list[Message]:
        """Those that were sent, the newest first."""
        room = (served or self.one).gateway.auth
        assert room is not None
        outbox = room.mailer
        assert isinstance(outbox, Outbox)
        return [kept.message for kept in outbox.mails(to)]

    async def notes(self, bearer: str, served: Served | None = None) -> int:
        """The status of a read of the data."""
        return (await self.ask(served or self.one, "GET", "/rest/v1/notes", bearer=bearer)).status


def code_of(message: Message) -> str:
    """The code in a mail."""
    found = re.search(r"^\s*(\d{6})\s*$", message.text, re.MULTILINE)
    assert found is not None, message.text
    return found[1]


def link_of(message: Message) -> str:
    """The path of the link in a mail."""
    found = re.search(r"https?://\S+/auth/v1(/verify\S+)", message.text)
    assert found is not None, message.text
    return f"/auth/v1{found[1]}"


def secret_of(message: Message) -> str:
    """What the link in a mail carries."""
    return parse_qs(urlsplit(link_of(message)).query)["token"][0]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> AsyncIterator[House]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute("drop database if exists accounts with (force)")
    await administrator.execute("create database accounts")
    await migrate(postgres.dsn("accounts"), schema_directory() / "gateway")
    owner = await asyncpg.connect(postgres.dsn("accounts"))
    await owner.execute(_NOTES)
    await settle_leases(valkey.url, PREFIX)
    settings = {
        "auth_url": postgres.dsn("accounts", user="passerelle_auth"),
        "redis_url": valkey.url,
        "redis_prefix": PREFIX,
        "site_url": SITE,
        "auth_redirect_urls": "https://*.example.org/**",
        "rate_limiting_enabled": False,
    }
    login = postgres.dsn("accounts", user="authenticator")
    one, two = [await start_gateway(login, **settings) for _ in range(2)]
    third = await start_gateway(login, **settings, auth_confirm_email=False, auth_anonymous=True)
    yield House(one, two, third, owner)
    for served in (one, two, third):
        await stop_gateway(served)
    await owner.close()
    await administrator.execute("drop database accounts with (force)")
    await administrator.close()
