"""What is remembered of a request and of its answer makes no difference but in time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gateway.embedded import EmbeddedValkey
from gateway.migrations import migrate
from gateway.paths import schema_directory
from gateway.policies import Application, apply_set, read_set
from tests.serving import Answer, Serve, Served, serve, settle_leases, token

__all__ = ["serve"]

ANN, BOB = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
TABLES = f"""
create table public.notes (id int primary key, owner uuid not null, title text not null);
insert into public.notes
select n, (array['{ANN}', '{BOB}'])[1 + n % 2]::uuid, 'note ' || n from generate_series(1, 10) n;
create function public.notes_of(lowest int) returns setof public.notes language sql stable
begin atomic select * from public.notes where id >= lowest; end;
"""
FILES = {
    "defaults.yaml": "{ schemas: [public], roles: [anon, authenticated], cache: { ttl: 1h } }",
    "notes.yaml": """
table: public.notes
grants: { authenticated: { select: all, update: [title] } }
rows:
  - { name: own, to: authenticated, for: all, using: owner = auth.uid() }
""",
    "functions.yaml": "{ function: public.notes_of(integer), execute: [authenticated], cache: { ttl: 1h } }",
}
LIST = "/notes?select=id,title&order=id"
OBJECT = "application/vnd.pgrst.object+json"
_numbers = itertools.count(1)


@pytest_asyncio.fixture
async def pair(
    database: str, valkey: EmbeddedValkey, tmp_path: Path, serve: Serve
) -> AsyncIterator[tuple[Served, Served]]:
    """A gateway that keeps answers, and one that does not."""
    await migrate(database, schema_directory() / "gateway")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    owner = await asyncpg.connect(database)
    await owner.execute(TABLES)
    await apply_set(owner, Application(read_set(tmp_path), "tests"))
    await owner.close()
    prefix = f"repeated-{next(_numbers)}:"
    await settle_leases(valkey.tcp_url, prefix)
    kept = await serve(database, login="authenticator", redis_url=valkey.tcp_url, redis_prefix=prefix)
    plain = await serve(database, login="authenticator")
    yield kept, plain


async def get(served: Served, path: str = LIST, *, sub: str = ANN, **options: str) -> Answer:
    return await served.get(path, bearer=token(sub=sub), **options)


async def hit(served: Served, path: str = LIST, *, sub: str = ANN, **options: str) -> Answer:
    """The answer, once it comes from memory."""
    async with asyncio.timeout(20):
        while True:
            answer = await get(served, path, sub=sub, **options)
            if "detail=memory" in answer.headers["Cache-Status"]:
                return answer
            await asyncio.sleep(0.1)


def told(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    headers = {name: value for name, value in answer.headers.items() if name not in ("Date", "Cache-Status")}
    return answer.status, headers, answer.body


FORMS: list[dict[str, str]] = [
    {},
    {"method": "HEAD"},
    {"Prefer": "count=exact"},
    {"Prefer": "handling=strict"},
    {"Prefer": "handling=lenient"},
    {"Range": "1-2"},
    {"Accept": "text/csv"},
    {"If_None_Match": "*"},
    {"If_None_Match": '"other"'},
    {"method": "HEAD", "If_None_Match": "*"},
    {"path": "/notes?select=id,title&id=eq.2", "Accept": OBJECT},
    {"path": LIST, "Accept": OBJECT},
    {"path": "/rpc/notes_of?lowest=3&order=id"},
    {"path": "/rpc/notes_of?lowest=3&order=id", "Prefer": "handling=strict, max-affected=1"},
    {"path": "/notes?offset=99&select=id", "Prefer": "count=exact"},
    {"path": "/notes?select=id&order=id&limit=2", "Prefer": "count=exact"},
]


async def test_every_form_of_a_question_has_its_own_answer(pair: tuple[Served, Served]) -> None:
    kept, plain = pair
    await hit(kept)
    whence: set[str] = set()
    for subject in (ANN, BOB, ANN):
        expected = [told(await get(plain, sub=subject, **form)) for form in FORMS]
        for _ in range(3):
            for form, wanted in zip(FORMS, expected, strict=True):
                answer = await get(kept, sub=subject, **form)
                assert told(answer) == wanted, form
                whence.add(answer.headers.get("Cache-Status", "").partition("; ttl")[0])
    assert "passerelle; hit; detail=memory" in whence


async def test_nobody_gets_the_answer_to_what_another_asked(pair: tuple[Served, Served]) -> None:
    kept, _ = pair
    for _ in range(3):
        for subject, ids in ((ANN, [2, 4, 6, 8, 10]), (BOB, [1, 3, 5, 7, 9])):
            answer = await hit(kept, sub=subject)
            assert [row["id"] for row in answer.json] == ids


async def test_a_write_is_seen_by_the_next_of_equal_requests(pair: tuple[Served, Served]) -> None:
    kept, _ = pair
    for title in ("one", "two"):
        await hit(kept)
        headers = {"Authorization": f"Bearer {token(sub=ANN)}"}
        url = f"{kept.url}/rest/v1/notes?id=eq.2"
        async with kept.client.patch(url, json={"title": title}, headers=headers) as response:
            assert response.status == 204
        answer = await get(kept)
        assert "detail=memory" not in answer.headers["Cache-Status"]
        assert answer.json[0] == {"id": 2, "title": title}


async def test_who_wants_a_new_answer_gets_one(pair: tuple[Served, Served]) -> None:
    kept, _ = pair
    await hit(kept)
    for control in ("no-cache", "no-store"):
        answer = await get(kept, Cache_Control=control)
        assert answer.headers["Cache-Status"].startswith("passerelle; fwd=request")


async def test_another_catalog_is_another_question(pair: tuple[Served, Served], database: str) -> None:
    kept, _ = pair
    every = "/notes?id=eq.2"
    assert "colour" not in (await hit(kept, every)).json[0]
    owner = await asyncpg.connect(database)
    await owner.execute("alter table public.notes add colour text; grant select (colour) on notes to authenticated")
    await owner.close()
    await kept.gateway.reload()
    assert (await get(kept, every)).json[0]["colour"] is None


@pytest.mark.parametrize("length", [100, 1000])
async def test_long_requests_are_not_remembered(pair: tuple[Served, Served], length: int) -> None:
    from gateway.rest import RestSurface

    kept, _ = pair
    path = f"/notes?select=id&title=neq.{'x' * length}"
    await hit(kept, path)
    surfaces = [each for each in _reachable(kept) if isinstance(each, RestSurface)]
    remembered = [key for each in surfaces for key in each._questions._asked if len(key[0].query.canonical) > length]
    assert bool(remembered) == (length < 512)
    cache = kept.gateway.cache
    assert cache is not None
    made = [entry.value._made for entry in cache._memory._entries.values() if entry.value._made is not None]
    assert bool([each for each in made if len(each[0].query.canonical) > length]) == (length < 512)


def _reachable(served: Served) -> list[object]:
    return [surface for _, _, surface in served.gateway.application.mounts._by_length]
