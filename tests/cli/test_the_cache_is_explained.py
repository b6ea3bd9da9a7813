"""`passerelle cache …` beside a running gateway: what it says is what the gateway does."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
import redis
from typer.testing import CliRunner

from gateway.cli import app
from gateway.embedded import EmbeddedPostgres, EmbeddedValkey, free_port
from tests.bus.servers import until
from tests.hublib import install_hublib
from tests.serving import SECRET, Served, asyncpg_database, decided, settle_leases, start_gateway, stop_gateway, token

ADMIN_TOKEN = "the token of the administrators"
MARIE = "11111111-1111-4111-8111-111111111111"
PAUL = "22222222-2222-4222-8222-222222222222"
_prefixes = itertools.count(1)

Passerelle = Callable[..., Awaitable["Ran"]]


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended."""

    code: int
    text: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Hub:
    """A gateway with the reference application, and the settings by which commands find it."""

    served: Served
    owner: str
    environment: dict[str, str]

    async def how(self, path: str, bearer: str | None = None) -> str:
        """How an answer came about, once those before may be had from the cache."""
        await decided(self.served)
        answer = await self.served.get(path, bearer=bearer)
        assert answer.status == 200, answer.body
        return answer.headers["Cache-Status"]

    def keys(self) -> set[str]:
        """Those of answers in Redis."""
        found = redis.Redis.from_url(self.environment["PASSERELLE_REDIS_URL"]).keys("*")
        prefix = f"{self.environment['PASSERELLE_REDIS_PREFIX']}v1:cache:"
        return {key.decode() for key in found if key.decode().startswith(prefix)}


@asynccontextmanager
async def open_hub(login: str, owner: str, redis_url: str) -> AsyncIterator[Hub]:
    prefix, port = f"explained{next(_prefixes)}:", free_port()
    await settle_leases(redis_url, prefix)
    served = await start_gateway(
        login, redis_url=redis_url, redis_prefix=prefix, admin_port=port, admin_token=ADMIN_TOKEN
    )
    try:
        coherence = served.gateway.cache.coherence if served.gateway.cache is not None else None
        assert coherence is not None
        await until(lambda: coherence.version is not None)
        environment = {
            "PASSERELLE_DATABASE_URL": login,
            "PASSERELLE_REDIS_URL": redis_url,
            "PASSERELLE_REDIS_PREFIX": prefix,
            "PASSERELLE_ADMIN_PORT": str(port),
            "PASSERELLE_ADMIN_TOKEN": ADMIN_TOKEN,
            "PASSERELLE_JWT_SECRET": SECRET,
        }
        yield Hub(served, owner, environment)
    finally:
        await stop_gateway(served)


@pytest_asyncio.fixture
async def hub(postgres: EmbeddedPostgres, valkey: EmbeddedValkey, hublib_database: str) -> AsyncIterator[Hub]:
    """One that nobody has asked anything."""
    login = postgres.dsn(asyncpg_database(hublib_database), user="authenticator")
    async with open_hub(login, hublib_database, valkey.url) as hub:
        yield hub


@pytest_asyncio.fixture(scope="module")
async def shared_hub(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> AsyncIterator[Hub]:
    """One that tests leave as it is."""
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute("create database explained")
    await install_hublib(postgres.dsn("explained"))
    login = postgres.dsn("explained", user="authenticator")
    async with open_hub(login, postgres.dsn("explained"), valkey.url) as hub:
        yield hub
    await administrator.execute("drop database explained with (force)")
    await administrator.close()


async def run(environment: dict[str, str], *arguments: str) -> Ran:
    """In a thread: the gateway must go on answering."""
    result = await asyncio.to_thread(CliRunner().invoke, app, ["cache", *arguments], env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def command_for(hub: Hub) -> Passerelle:
    async def start(*arguments: str, **more: str) -> Ran:
        return await run({**hub.environment, **more}, *arguments)

    return start


@pytest.fixture
def passerelle(hub: Hub) -> Passerelle:
    """`await passerelle("stats", …)`, with the settings of `hub`, or more."""
    return command_for(hub)


@pytest.fixture
def explain(shared_hub: Hub) -> Passerelle:
    """The same with those of `shared_hub`."""
    return command_for(shared_hub)


ASKED = [
    ("/profiles?select=id,username&limit=3", None),
    ("/profiles?select=id,username&limit=3", MARIE),
    ("/public_resources?select=id,title&limit=20", None),
    ("/category_tag_suggestions?select=name&type=eq.tag&status=eq.approved", PAUL),
    ("/rpc/popular_resources?limit=5&select=id", None),
    ("/rpc/popular_resources?limit=5&select=id", MARIE),
    ("/rpc/popular_resources?limit=5&select=id", PAUL),
    ("/collections?select=*,profiles(username)&is_public=eq.true", None),
]


async def test_the_key_is_the_one_in_redis(hub: Hub, passerelle: Passerelle) -> None:
    explained: list[str] = []
    for path, sub in ASKED:
        role = ("--role", "authenticated", "--claims", json.dumps({"sub": sub, "exp": 1})) if sub else ()
        told = (await passerelle("explain", f"/rest/v1{path}", *role, "--json")).json
        assert told["kept"], told
        before = hub.keys()
        assert told["redis_key"] not in before
        status = await hub.how(path, token("authenticated", sub) if sub else None)
        assert "fwd=miss; " in status
        await until(lambda: len(hub.keys()) > len(explained))
        assert hub.keys() - before == {told["redis_key"]}
        assert f"ttl={int(told['ttl']) - 1}" in status or f"ttl={int(told['ttl'])}" in status
        assert f'key="{told["sharing"]}"' in status
        explained.append(told["redis_key"])
        if sub:
            sent = ("--token", token("authenticated", sub, org="any"))
            again = (await passerelle("explain", f"/rest/v1{path}", *sent, "--json")).json
            assert again["redis_key"] == told["redis_key"]
    assert len(set(explained)) == len(explained)


REFUSED = {
    "no rule": ("/groups", (), "no-rule", "public.groups has no `cache:` rule"),
    "one of two without": (
        "/profiles?select=id,groups(id)",
        (),
        "no-rule",
        "public.groups has no `cache:` rule",
    ),
    "the clock, for members": (
        "/resources?select=id",
        ("--role", "authenticated", "--sub", MARIE),
        "clock",
        "it depends on the clock, and nobody says how old it may be",
    ),
    "now as a value": (
        "/profiles?created_at=lt.now",
        (),
        "clock",
        "one of its values reads like `now`, the time of the request, or has escapes that may spell it",
    ),
    "escapes in a value": (
        "/profiles?username=eq.a%5Cb",
        (),
        "clock",
        "one of its values reads like `now`, the time of the request, or has escapes that may spell it",
    ),
    "a long value": (
        f"/profiles?username=eq.{'x' * 17_000}",
        (),
        "long",
        "its parameters are longer than 16 kB",
    ),
    "a function without a rule": ("/rpc/global_stats", (), "no-rule", "public.global_stats has no `cache:` rule"),
}


@pytest.mark.parametrize(("path", "who", "word", "reason"), REFUSED.values(), ids=REFUSED)
async def test_what_is_not_kept(
    shared_hub: Hub, explain: Passerelle, path: str, who: tuple[str, ...], word: str, reason: str
) -> None:
    told = await explain("explain", f"/rest/v1{path}", *who, "--json")
    assert (told.json["kept"], told.json["detail"], told.json["reason"]) == (False, word, reason)
    assert (told.json["redis_key"], told.json["ttl"]) == (None, None)
    bearer = token("authenticated", MARIE) if who else None
    assert await shared_hub.how(path, bearer) == f"passerelle; fwd=bypass; detail={word}"
    words = await explain("explain", f"/rest/v1{path}", *who)
    assert f"Not kept: {reason}." in words.text
    assert f"Cache-Status: passerelle; fwd=bypass; detail={word}" in words.text


async def test_in_plain_words(explain: Passerelle) -> None:
    told = await explain("explain", "/rest/v1/rpc/popular_resources?limit=5", "--role", "authenticated", "--sub", MARIE)
    assert told.code == 0
    lines = told.text.splitlines()
    assert "Kept for 15 min: `ttl` of public.popular_resources." in lines
    assert f'  sub = "{MARIE}"' in lines
    assert "  public.popular_resources  ttl 15 min, clock 15 min" in lines
    assert "  public.user_roles       changes are recorded" in lines
    assert "Known as: cache:resources:popular:limit:5" in lines
    told = await explain("explain", "GET http://127.0.0.1:54321/rest/v1/profiles?id=eq.4f", "--role", "anon")
    assert "Shared by all callers of the role anon: no claim is read." in told.text
    assert "Known as: cache:profile:4f" in told.text
    told = await explain("explain", "profiles?username=eq.marie\x07\u202e")
    assert "No alias fits: profile:{id}" in told.text
    assert "profiles?username=eq.marie·· as anon" in told.text
    told = await explain("explain", "/rest/v1/rpc/popular_resources", "--role", "authenticated")
    assert "  sub: this caller has none" in told.text


ALIASES = {
    "/category_tag_suggestions?type=eq.category&status=eq.approved": "cache:categories",
    "/category_tag_suggestions?type=eq.tag&status=eq.approved&select=name": "cache:tags",
    "/category_tag_suggestions?type=eq.tag&status=eq.pending": None,
    "/category_tag_suggestions?type=not.eq.tag&status=eq.approved": None,
    "/category_tag_suggestions?type=in.(tag)&status=eq.approved": None,
    "/rpc/popular_resources?limit=7": "cache:resources:popular:limit:7",
    "/rpc/popular_resources": "cache:resources:popular:limit:10",
    "/profiles?select=*&id=eq.4f": "cache:profile:4f",
    "/profiles?select=*&id=neq.4f": None,
    "/collections?id=eq.1": "cache:collection:1",
    "/collection_resources?collection_id=eq.1&order=order.asc": "cache:collection:1",
}


async def test_the_names_of_the_team(explain: Passerelle) -> None:
    for path, alias in ALIASES.items():
        told = (await explain("explain", f"/rest/v1{path}", "--role", "anon", "--json")).json
        assert (told["kept"], told["alias"]) == (True, alias), path


async def test_what_is_not_recorded_is_named(hub: Hub, passerelle: Passerelle) -> None:
    owner = await asyncpg.connect(hub.owner)
    await owner.execute("alter table public.profiles disable trigger passerelle_touch_update_v1")
    told = await passerelle("explain", "/rest/v1/profiles")
    assert "Not kept: changes of public.profiles are not recorded." in told.text
    assert "  public.profiles  changes are NOT recorded" in told.text
    await owner.execute(
        "create function public.odd() returns int stable language plpgsql as $$ begin return 1; end $$;"
        "create policy odd on public.collections as restrictive using (public.odd() = 1)"
    )
    await owner.close()
    told = await passerelle("explain", "/rest/v1/collections", "--json")
    assert told.json["detail"] == "opaque"
    assert "public.odd" in told.json["reason"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"PASSERELLE_REDIS_URL": ""}, "PASSERELLE_REDIS_URL is not set"),
        ({"PASSERELLE_CACHE_ENABLED": "false"}, "PASSERELLE_CACHE_ENABLED is false"),
        ({"PASSERELLE_PRE_REQUEST": "hublib.is_admin"}, "PASSERELLE_PRE_REQUEST wants to see each request"),
    ],
)
async def test_settings_that_keep_nothing(explain: Passerelle, more: dict[str, str], reason: str) -> None:
    told = await explain("explain", "/rest/v1/profiles", **more)
    assert f"But a gateway with these settings keeps nothing: {reason}." in told.text


async def test_without_the_gateways_own_objects(database: str) -> None:
    owner = await asyncpg.connect(database)
    await owner.execute("create table public.plain (id int)")
    await owner.close()
    told = await run({"PASSERELLE_DATABASE_URL": database}, "explain", "/rest/v1/plain", "--role", "postgres")
    assert "Not kept: no policy file in force has a `cache:` rule." in told.text
    assert "the database does not record changes, which takes `passerelle migrate`" in told.text


WRONG = {
    "no such table": (("/rest/v1/nope",), 1, "refuses this request: 404 PGRST205"),
    "no such column": (("/rest/v1/profiles?order=nope.down",), 1, "refuses this request: 400 PGRST100"),
    "the root": (("/rest/v1/",), 1, "the description of the API, which is not kept"),
    "no such role": (("/profiles", "--role", "nobody"), 2, "there is no role nobody"),
    "claims that are no JSON": (("/profiles", "--claims", "{"), 2, "--claims cannot be used"),
    "claims that are no object": (("/profiles", "--claims", "[]"), 2, "--claims cannot be used"),
    "no token": (("/profiles", "--token", "a.b"), 2, "--token is no JWT"),
    "no payload": (("/profiles", "--token", "a.!.c"), 2, "--token is no JWT"),
    "a token without claims": (("/profiles", "--token", "a.W10.c"), 2, "--token cannot be used"),
    "both": (("/profiles", "--token", "a.e30.c", "--claims", "{}"), 2, "--token has the claims"),
}


async def test_what_cannot_be_explained(explain: Passerelle) -> None:
    for name, (arguments, code, words) in WRONG.items():
        told = await explain("explain", *arguments)
        assert (told.code, words in told.errors) == (code, True), (name, told)


async def test_stats_count_what_was_asked(hub: Hub, passerelle: Passerelle) -> None:
    for _ in range(4):
        await hub.how("/profiles?select=id&limit=3")
    await hub.how("/groups")
    told = await passerelle("stats")
    lines = told.text.splitlines()
    assert lines[0] == "Cache: on"
    assert "  hit rate  75.0 % of what may be kept, 60.0 % of all reads" in lines
    assert "  reads     3 memory, 0 redis, 1 miss, 0 changed, 0 request, 1 bypass, 0 stale" in lines
    row = next(number for number, line in enumerate(lines) if "public.profiles as anon [" in line)
    assert lines[row].split()[:4] == ["3", "0", "1", "0"]
    assert lines[row + 1].strip() == "shared by role"
    explained = (await passerelle("explain", "/rest/v1/profiles?select=id&limit=3", "--json")).json
    assert lines[row].endswith(explained["shape"])
    refused = next(number for number, line in enumerate(lines) if "public.groups as anon [" in line)
    assert lines[refused].split()[:6] == ["0", "0", "0", "1", "-", "-"]
    assert lines[refused + 1].strip() == "never: public.groups has no `cache:` rule"
    assert (await passerelle("stats", "--json")).json["workers"][0]["reads"]["memory"] == 3
    assert "… and 1 more shapes (--top)" in (await passerelle("stats", "--top", "1")).text


async def test_flush(hub: Hub, passerelle: Passerelle) -> None:
    async def hit(path: str) -> bool:
        return "hit; detail=memory" in await hub.how(path)

    profiles, collections = "/profiles?select=id", "/collections?select=id"
    for path in (profiles, collections):
        await hub.how(path)
    told = await passerelle("flush", "public.profiles")
    assert told.text == "What depends on public.profiles was flushed; the only instance has confirmed it.\n"
    assert [await hit(profiles), await hit(collections)] == [False, True]
    told = await passerelle("flush", "--json")
    assert told.json == {"flushed": "everything", "instances": 1}
    assert [await hit(profiles), await hit(collections)] == [False, False]
    told = await passerelle("flush", "nope")
    assert (told.code, "answers: There is no table or view public.nope" in told.errors) == (1, True)


@pytest.mark.parametrize("command", ["stats", "flush"])
async def test_a_gateway_that_cannot_be_asked(shared_hub: Hub, explain: Passerelle, command: str) -> None:
    told = await explain(command, PASSERELLE_ADMIN_TOKEN="wrong")
    assert (told.code, "refuses the admin token" in told.errors, "wrong" in told.errors) == (2, True, False)
    told = await explain(command, PASSERELLE_ADMIN_PORT=str(free_port()))
    assert (told.code, "no gateway answers at the admin port 127.0.0.1:" in told.errors) == (1, True)
    told = await explain(command, PASSERELLE_ADMIN_PORT="off")
    assert (told.code, "the admin port is off" in told.errors) == (2, True)
    told = await explain(command, PASSERELLE_ADMIN_TOKEN="")
    assert (told.code, "PASSERELLE_ADMIN_TOKEN is not set" in told.errors) == (2, True)
    told = await explain(command, PASSERELLE_ADMIN_PORT=shared_hub.served.url.rpartition(":")[2])
    assert (told.code, "Traceback" in told.errors) == (1, False)
    assert f"127.0.0.1:{shared_hub.served.url.rpartition(':')[2]}" in told.errors
