"""Whoever asks, and whatever was asked by others before: the answer from the cache is the one the database gives."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.cache.world import HITS, World, bearer, make_database, open_world, shown, source

IDENTITIES: dict[str, str | None] = {
    "nobody": None,
    "a token of anon": bearer("", "anon"),
    "anon who says more": bearer('"sub": "anna", "org": "x"', "anon"),
    "no claims": bearer(""),
    "anna": bearer('"sub": "anna"'),
    "anna of x": bearer('"sub": "anna", "org": "x"'),
    "anna of x, in another order": bearer('"org": "x", "sub": "anna"'),
    "bert of x": bearer('"sub": "bert", "org": "x"'),
    "anna of y": bearer('"sub": "anna", "org": "y"'),
    "é composed": bearer('"sub": "\u00e9"'),
    "é of two signs": bearer('"sub": "e\u0301"'),
    "é escaped": bearer('"sub": "\\u00e9"'),
    "sub 1": bearer('"sub": "1"'),
    "sub null": bearer('"sub": null'),
    "sub the word null": bearer('"sub": "null"'),
    "org null": bearer('"org": null'),
    "org the word null": bearer('"org": "null"'),
    "org empty": bearer('"org": ""'),
    "org 1": bearer('"org": 1'),
    "org 1.0": bearer('"org": 1.0'),
    'org "1"': bearer('"org": "1"'),
    'org "1.0"': bearer('"org": "1.0"'),
    "org true": bearer('"org": true'),
    'org "true"': bearer('"org": "true"'),
    "org 1e2": bearer('"org": 1e2'),
    "org 1E2": bearer('"org": 1E2'),
    "org 100": bearer('"org": 100'),
    "org -0": bearer('"org": -0'),
    "org 0": bearer('"org": 0'),
    "org of many digits": bearer('"org": 12345678901234567890123'),
    "org of many digits, the next": bearer('"org": 12345678901234567890124'),
    "org an object": bearer('"org": {"a": 1}'),
    "org an object of a text": bearer('"org": {"a": "1"}'),
    "org a list": bearer('"org": ["x"]'),
    "org with quotes": bearer('"org": "x\\", \\"sub\\": \\"anna"'),
    "an admin": bearer('"app_metadata": {"role": "admin"}'),
    "a user": bearer('"app_metadata": {"role": "user"}'),
    "an admin elsewhere": bearer('"user_metadata": {"role": "admin"}'),
    "an admin at the top": bearer('"app_metadata.role": "admin"'),
    "an admin with more": bearer('"app_metadata": {"role": "admin", "a": 1}'),
    "an admin with more before": bearer('"app_metadata": {"a": 1, "role": "admin"}'),
}

PATHS = (
    "/shared?order=id", "/shared?select=id,label&order=id&limit=2", "/shared?select=id,label&order=id&limit=2&offset=2",
    "/shared?select=count()", "/shared?select=price::text,at::date&order=id", "/shared?id=eq.1&select=mine",
    "/shared?mine=eq.label 1anna&select=id".replace(" ", "%20"), "/shared?select=id&order=mine",
    "/shared?select=id,parts(id,label)&order=id", "/shared?select=id,tags(id)&order=id",
    "/shared?select=id,...tags(names:label)&order=id", "/parts?select=id,...shared(label)&order=id",
    "/shared?select=id,owners(id)&order=id&limit=1", "/by_sub?order=id", "/by_sub?select=count()", "/by_org?order=id",
    "/by_path?order=id", "/by_vouched?order=id",
    "/by_role?order=id", "/by_list?order=id", "/by_members", "/by_code?order=id", "/by_setting",
    "/claim_jsonb?id=eq.1", "/claim_json?id=eq.1", "/claim_nested?id=eq.1", "/claim_keys?id=eq.1", "/claims_whole",
    "/owned?order=id", "/invoked?order=id", "/who", "/where_from?id=eq.1", "/shouts", "/shouts?cry=eq.oh",
    "/rpc/everyone", "/rpc/mine_only", "/rpc/mine_only?lowest=2", "/rpc/greeting?name=you", "/rpc/vouched",
    "/rpc/everyone?select=id&order=id.desc&limit=1",
)  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> AsyncIterator[World]:
    await make_database(postgres, "leaks")
    async with open_world(postgres, "leaks", valkey.url, aggregates_enabled=True) as world:
        yield world


async def compare(world: World, path: str, people: dict[str, str | None], *more: Any, **headers: str) -> dict[str, int]:
    """Everybody asks both instances, in an order of chance, twice; returns where the answers came from."""
    truth = {name: shown(await world.uncached(path, token, *more, **headers)) for name, token in people.items()}
    found: dict[str, int] = {}
    turns = [(name, served) for name in people for served in (world.one, world.two)] * 2
    random.Random(path).shuffle(turns)
    for name, served in turns:
        answer = await world.ask(served, path, people[name], *more, **headers)
        assert shown(answer) == truth[name], (path, name, answer.headers["Cache-Status"], answer.body)
        found[source(answer)] = found.get(source(answer), 0) + 1
    return found


@pytest.mark.parametrize("path", PATHS)
async def test_whoever_asks(world: World, path: str) -> None:
    await compare(world, path, IDENTITIES)


SHARED = {
    "/shared?order=id&limit=3": (2, "shared by role"),
    "/by_sub?order=id.desc": (None, "by claims"),
    "/owned?order=id.desc": (2, "shared by role"),
    "/shared?select=id,parts(id)&order=id&limit=3": (2, "shared by role"),
    "/who?select=who": (2, "shared by role"),
}


@pytest.mark.parametrize(("path", "expected"), SHARED.items(), ids=SHARED)
async def test_who_shares_an_answer_asks_once(world: World, path: str, expected: tuple[int | None, str]) -> None:
    """Claims that nobody reads part nobody: as many questions to the database as there are roles."""
    many = {name: token for name, token in IDENTITIES.items() if "é" not in name}
    world.asked.clear()
    kinds: set[str] = set()
    for token in many.values():
        for served in (world.one, world.two):
            answer = await world.ask_calmly(served, path, token)
            assert answer.status == 200
            kinds.add(answer.headers["Cache-Status"].partition('key="')[2].rstrip('"'))
    assert kinds == {expected[1]}
    if expected[0] is not None:
        # No token, and a token of the anonymous role, are two: errors are worded by that.
        assert len(world.asked) <= expected[0] + 1


async def test_a_claim_that_is_read_parts_and_others_do_not(world: World) -> None:
    path = "/by_sub?select=id&order=id"
    world.asked.clear()
    for name in ("anna", "anna of x", "anna of y", "anna of x, in another order"):
        for served in (world.one, world.two):
            answer = await world.ask_calmly(served, path, IDENTITIES[name])
            assert answer.json == [{"id": 1}]
    assert len(world.asked) == 1
    assert (await world.ask(world.one, path, IDENTITIES["bert of x"])).json == [{"id": 2}]
    assert len(world.asked) == 2


NEVER = {
    "/by_code": "opaque", "/by_setting": "setting", "/by_header": "request", "/by_clock": "clock",
    "/by_luck": "volatile",
    "/shared?select=dated": "clock", "/shared?select=at::text::timestamptz": "clock", "/shared?at=gt.now": "clock",
    "/shared?at=gt.yesterday": "clock", "/shared?at=gt.TODAY": "clock", "/shared?span=cs.[now,now]": "clock",
    "/shared?moments=cs.{now}": "clock", "/shared?at=in.(now,2001-01-01)": "clock",
    "/shared?at=in.(%22now%22)": "clock",
    "/rpc/since?start=now": "clock", "/where_from": "setting", "/shared?select=label::timestamptz&id=eq.99": "clock",
    "/shared?moments=cs.{n%5Cow}": "clock", "/shared?span=cs.[%22n%22ow,infinity)": "clock",
    "/shared?span=cs.[n%5Cow,infinity)": "clock", "/shared?moments=cs.{%22n%5Cow%22}": "clock",
}  # fmt: skip


@pytest.mark.parametrize(("path", "why"), NEVER.items(), ids=NEVER)
async def test_what_is_never_kept(world: World, path: str, why: str) -> None:
    for token, served in itertools.product((IDENTITIES["anna"], None), (world.one, world.two, world.one)):
        answer = await world.ask(served, path, token)
        assert answer.status < 500, answer.body
        assert answer.headers.get("Cache-Status", f"detail={why}").endswith(f"detail={why}"), answer.headers


@pytest.mark.parametrize(
    "body", ['{"start": "now"}', '{"start": "\\u006eow"}', '{"start": "n\\u006fw"}', '{"\\u0073tart": "NOW"}']
)
async def test_a_body_that_means_the_moment_is_never_kept(world: World, body: str) -> None:
    for served in (world.one, world.two, world.one):
        answer = await world.ask(served, "/rpc/since", IDENTITIES["anna"], "POST", body)
        assert answer.json == 0, answer.body
        assert answer.headers["Cache-Status"].endswith("detail=clock"), answer.headers


FORMS: list[tuple[str, dict[str, str]]] = [
    ("GET", {}),
    ("HEAD", {}),
    ("GET", {"Accept": "text/csv"}),
    ("HEAD", {"Accept": "text/csv"}),
    ("GET", {"Accept": "application/vnd.pgrst.object+json"}),
    ("GET", {"Accept": "application/vnd.pgrst.object+json;nulls=stripped"}),
    ("GET", {"Accept": "application/vnd.pgrst.array+json;nulls=stripped"}),
    ("GET", {"Accept": "application/geo+json"}),
    ("GET", {"Accept": "application/xml"}),
    ("GET", {"Accept": "application/vnd.pgrst.plan+json"}),
    ("GET", {"Range": "0-0"}),
    ("GET", {"Range": "1-2"}),
    ("GET", {"Range": "90-99"}),
    ("GET", {"Prefer": "count=exact"}),
    ("HEAD", {"Prefer": "count=exact"}),
    ("GET", {"Prefer": "count=exact", "Range": "90-99"}),
    ("GET", {"Prefer": "count=planned"}),
    ("GET", {"Prefer": "count=estimated"}),
    ("GET", {"Prefer": "timezone=America/New_York"}),
    ("GET", {"Prefer": "timezone=Asia/Kolkata"}),
    ("GET", {"Prefer": "timezone=Nowhere/Else"}),
    ("GET", {"Prefer": "handling=strict, timezone=Nowhere/Else"}),
    ("GET", {"Prefer": "handling=strict, max-affected=1"}),
    ("GET", {"Prefer": "handling=strict, max-affected=100"}),
    ("GET", {"Prefer": "handling=lenient, max-affected=1"}),
    ("GET", {"Accept-Profile": "other"}),
    ("GET", {"Accept-Profile": "public"}),
    ("HEAD", {"Accept-Profile": "other"}),
    ("GET", {"Accept-Profile": "nowhere"}),
]
OF_ANY_FORM = (
    "/shared?order=id", "/shared?id=eq.1", "/shared?id=eq.99", "/rpc/everyone", "/rpc/mine_only",
    "/rpc/greeting?name=you", "/by_sub", "/shared?select=id,parts(id)&order=id",
    "/by_vouched?order=id", "/by_members", "/shouts", "/claims_whole", "/claim_json?id=eq.1", "/rpc/vouched",
)  # fmt: skip


@pytest.mark.parametrize("path", OF_ANY_FORM)
async def test_however_it_is_asked_for(world: World, path: str) -> None:
    """All forms, interleaved: no form's answer is given for another."""
    people = {name: IDENTITIES[name] for name in ("nobody", "anna", "bert of x")}
    turns = [(form, name, served) for form in range(len(FORMS)) for name in people for served in (world.one, world.two)]
    truth = {
        (form, name): shown(
            await world.uncached(path, token, method, **{k.replace("-", "_"): v for k, v in sent.items()})
        )
        for form, (method, sent) in enumerate(FORMS)
        for name, token in people.items()
    }
    for seed in range(2):
        random.Random(seed).shuffle(turns)
        for form, name, served in turns:
            method, sent = FORMS[form]
            answer = await world.ask(
                served, path, people[name], method, **{k.replace("-", "_"): v for k, v in sent.items()}
            )
            assert shown(answer) == truth[form, name], (path, method, sent, name, answer.headers.get("Cache-Status"))


async def test_tags_are_those_of_what_is_shown(world: World) -> None:
    path = "/by_sub?select=*&order=id"
    anna, bert = IDENTITIES["anna"], IDENTITIES["bert of x"]
    tag = (await world.ask(world.one, path, anna)).headers["ETag"]
    other = (await world.ask(world.two, path, bert)).headers["ETag"]
    assert tag != other
    for served in (world.one, world.two):
        for method in ("GET", "HEAD"):
            assert (await world.ask(served, path, anna, method, If_None_Match=tag)).status == 304
            assert (await world.ask(served, path, bert, method, If_None_Match=tag)).status == 200
            assert (await world.ask(served, path, anna, method, If_None_Match=other)).status == 200


async def test_posted_calls_are_as_good_as_others(world: World) -> None:
    bodies = [{}, {"lowest": 1}, {"lowest": 2}, {"lowest": 99}]
    for name in ("anna", "bert of x", "nobody", "anna"):
        for body, served in itertools.product(bodies, (world.one, world.two)):
            truth = await world.uncached("/rpc/mine_only", IDENTITIES[name], "POST", body)
            answer = await world.ask_calmly(served, "/rpc/mine_only", IDENTITIES[name], "POST", body)
            assert shown(answer) == shown(truth), (name, body)
    assert source(answer) in HITS


async def test_a_function_that_writes_runs_each_time_whatever_is_vouched_for(world: World) -> None:
    counts = [(await world.ask(world.one, "/rpc/counted", IDENTITIES["anna"], "POST", {})).json for _ in range(4)]
    assert counts == [counts[0] + n for n in range(4)]


async def test_the_method_query_is_as_good_as_get(world: World) -> None:
    for name in ("anna", "bert of x", "anna"):
        for served in (world.one, world.two):
            answer = await world.ask(
                served, "/by_sub", IDENTITIES[name], "QUERY", "select=id&order=id",
                Content_Type="application/x-www-form-urlencoded",
            )  # fmt: skip
            assert answer.json == [{"id": 1 if name == "anna" else 2}]


async def test_forged_and_expired_tokens_get_nothing_from_the_cache(world: World) -> None:
    path = "/by_sub?select=id&order=id"
    good = IDENTITIES["anna"]
    assert good is not None
    assert (await world.ask(world.one, path, good)).json == [{"id": 1}]
    head, payload, signature = good.split(".")
    expired = bearer('"sub": "anna", "exp": 1000000000')
    for token in (f"{head}.{payload}.{signature[:-4]}AAAA", f"{head}.{payload}.", expired, "x"):
        assert (await world.ask(world.one, path, token)).status == 401
