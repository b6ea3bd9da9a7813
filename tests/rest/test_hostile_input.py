"""Bad input of every kind: a clear 4xx in PostgREST's shape, or the correct answer where the text is legal data. The
server answers on, nothing is executed, and nothing takes long."""

from __future__ import annotations

import json

import pytest

from tests.rest.hostility import BASE, ask, refused, sane
from tests.rest.mediatheque import Mediatheque
from tests.rest.raw_http import get

pytestmark = pytest.mark.usefixtures("unharmed")

# -- what does not exist, what does not parse -----------------------------------------------------------------------

UNKNOWN = [
    ("/no_such_table", "PGRST205"),
    ("/pg_class", "PGRST205"),
    ("/api.books", "PGRST205"),
    ("/internal.canary", "PGRST205"),
    ("/books?select=no_such_column", "42703"),
    ("/books?no_such_column=eq.1", "42703"),
    ("/books?order=no_such_column", "42703"),
    ("/books?select=ctid::text,tableoid::no_such_type", "42704"),
    ("/rpc/no_such_function", "PGRST202"),
    ("/rpc/pg_sleep?seconds=5", "PGRST202"),
    ("/rpc/pg_read_file?filename=/etc/passwd", "PGRST202"),
    ("/books?id=resembles.1", "PGRST100"),
    ("/books?id=eq(some).1", "PGRST100"),
    ("/books?select=no_such_relation(id)", "PGRST200"),
    ("/books?select=authors!no_such_hint(id)", "PGRST200"),
    ("/books?no_such_relation.id=eq.1", "PGRST108"),
]
UNBALANCED = [
    "/books?select=authors(id",
    "/books?select=((((",
    "/books?select=authors(books(id)",
    "/books?or=(id.eq.1",
    "/books?or=id.eq.1)",
    "/books?and=(or(id.eq.1)",
    "/books?id=in.(1,2",
    "/books?id=in.((1,2)",
    '/books?select="id',
    '/books?"id=eq.1',
    "/books?order=authors(id",
    "/books?tags=cs.{short",
    '/books?meta=cs.{"a":',
    "/books?lent=cs.[2024-01-01",
    "/books?title=match.((",
    "/books?body=fts.(((",
]


@pytest.mark.parametrize(("target", "code"), UNKNOWN)
async def test_unknown_names(mediatheque: Mediatheque, target: str, code: str) -> None:
    refused(await ask(mediatheque, target), code)


@pytest.mark.parametrize("target", UNBALANCED)
async def test_unbalanced(mediatheque: Mediatheque, target: str) -> None:
    refused(await ask(mediatheque, target))


# -- bytes ----------------------------------------------------------------------------------------------------------

BYTES = [
    b"%00",
    b"\x00",
    b"%FF",
    b"\xff",
    b"%C3",
    b"\xc3\x28",
    b"%ED%A0%80",
    b"%F5%80%80%80",
    b"%C0%AF",
    b"\x7f",
    b"%1F",
]
PLACES = [
    b"/bo{}oks",
    b"/rpc/ec{}ho?line=x",
    b"/books?select=i{}d",
    b"/books?i{}d=eq.1",
    b"/books?title=eq.{}",
    b"/books?title=in.({})",
    b'/books?or=(title.eq."{}")',
    b"/books?order={}",
    b"/books?limit={}",
    b"/books?select=meta->{}",
    b"/rpc/echo?line={}",
    b"/rpc/echo?{}=x",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("bad", BYTES)
async def test_nul_and_invalid_utf8_in_targets(mediatheque: Mediatheque, place: bytes, bad: bytes) -> None:
    answer = await get(mediatheque.fast.url, BASE + place.replace(b"{}", bad))
    sane(answer)
    if bad in (b"%00", b"\x00", b"%FF", b"\xff", b"%C3", b"%ED%A0%80"):
        refused(answer)


HEADERS = [
    b"Accept", b"Accept-Profile", b"Content-Profile", b"Prefer", b"Range", b"Range-Unit", b"apikey", b"Authorization",
    b"Cookie", b"Origin", b"X-Request-Id", b"User-Agent", b"traceparent", b"Host", b"If-None-Match", b"X-Forwarded-For",
]  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("bad", [b"\xff\xfe", b"a\x00b", b"\xc3\x28", "été".encode(), b"\x01", b'"' * 5000])
async def test_nul_and_invalid_utf8_in_headers(mediatheque: Mediatheque, name: bytes, bad: bytes) -> None:
    for served in (mediatheque.fast, mediatheque.careful):
        for target in (b"/books?select=id&limit=1", b"/rpc/asked"):
            sane(await get(served.url, BASE + target, name + b": " + bad))


# -- sizes ----------------------------------------------------------------------------------------------------------

LIMIT = 65_536


def filled(before: str, unit: str, after: str = "", size: int = LIMIT - 100) -> str:
    return before + unit * ((size - len(before) - len(after)) // len(unit)) + after


BIG = [
    filled("/books?select=id&title=eq.", "x"),
    filled("/books?select=id&title=in.(", "a,", "z)"),
    filled("/books?select=id&id=in.(", "1,", "1)"),
    filled("/books?select=", "id,", "id"),
    filled("/books?select=", "count(),", "id"),
    filled("/books?select=", "authors(id),", "id"),
    filled("/books?select=", "...authors(id),", "id"),
    filled("/books?select=meta", "->a"),
    filled("/books?meta", "->a", "=is.null"),
    filled("/books?order=", "id,", "id"),
    filled("/books?order=meta", "->a"),
    filled("/books?or=(", "id.eq.1,", "id.eq.2)"),
    filled("/books?or=(", "title.fts(a).x,", "id.eq.2)"),
    filled("/books?or=(meta", "->a", ".eq.1)&limit=1"),
    filled("/books?", "id=eq.1&", "limit=1"),
    filled("/books?", "limit=1&", "offset=2"),
    filled("/books?select=authors(id)&", "authors.id=eq.1&"),
    filled("/", "x"),
    filled("/rpc/", "x"),
    filled("/rpc/echo?line=", "x"),
    filled("/rpc/total?", "amounts=1&"),
    filled("/rpc/echo?", "a=1&"),
    filled("/books?columns=", "id,", "id"),
    filled("/books?", "&"),
    filled("/books?", "="),
    filled("/books?", "a.", "b=eq.1"),
    filled("/books?", "not.", "or=(id.eq.1)"),
    filled("/books?title=", "not."),
    filled("/books?title=match.", "("),
    filled("/books?body=fts.", "a%26", "a"),
    filled("/books?body=fts.", "("),
    filled("/books?tags=cs.", "{"),
    filled("/books?meta=cs.", "["),
    filled("/books?title=like.", "*"),
    filled("/books?id=eq.", "9"),
]


@pytest.mark.parametrize("target", BIG, ids=[f"{t[:40]}…{t[-12:]}" for t in BIG])
@pytest.mark.parametrize("prefer", [b"", b"count=exact"])
async def test_request_lines_of_64_kb(mediatheque: Mediatheque, target: str, prefer: bytes) -> None:
    sane(await ask(mediatheque, target, b"Prefer: " + prefer))


@pytest.mark.parametrize("size", [LIMIT + 1, 100_000, 2_000_000])
async def test_longer_request_lines(mediatheque: Mediatheque, size: int) -> None:
    answer = await get(mediatheque.fast.url, BASE + b"/books?title=eq." + b"x" * size)
    assert answer.status == 414
    refused(answer, "uri_too_long")


@pytest.mark.parametrize("count", [1, 1_000, 10_000])
async def test_in_lists(mediatheque: Mediatheque, count: int) -> None:
    numbers = ",".join(str(number) for number in range(1, count + 1))
    answer = await ask(mediatheque, f"/books?select=id&order=id&id=in.({numbers})")
    assert (answer.status, answer.json) == (200, [{"id": number} for number in range(1, min(count, 5) + 1)])
    quoted = ",".join('"x"' for _ in range(count))
    assert (await ask(mediatheque, f"/books?select=id&title=in.({quoted})")).json == []


# -- nesting --------------------------------------------------------------------------------------------------------


def nested(opening: str, inner: str, closing: str, levels: int) -> str:
    return opening * levels + inner + closing * levels


NESTED = [
    ("/books?select={}", "authors(books(", "id", "))"),
    ("/books?select={}", "...authors(...books(", "id", "))"),
    ("/books?select={}", "authors!inner(books!inner(", "id", "))"),
    ("/books?select={}", "same_year(", "id", ")"),
    ("/books?or=({})", "and(or(", "id.eq.1", "))"),
    ("/books?or=({})", "not.and(not.or(", "id.eq.1", "))"),
    ("/books?or=({})", "and(id.gt.0,or(id.lt.0,", "id.eq.1", "))"),
]


@pytest.mark.parametrize("levels", [3, 60, 1000])
@pytest.mark.parametrize(("place", "parts"), [(row[0], row[1:]) for row in NESTED], ids=[row[1] for row in NESTED])
async def test_nesting(mediatheque: Mediatheque, place: str, parts: tuple[str, str, str], levels: int) -> None:
    target = place.replace("{}", nested(*parts, levels))
    answer = await ask(mediatheque, target, b"Prefer: count=exact")
    if levels == 3:
        assert answer.status in (200, 206), answer.body
    else:
        refused(answer, "PGRST100")


@pytest.mark.parametrize("levels", [20, 40])
async def test_nesting_within_the_bound_is_served(mediatheque: Mediatheque, levels: int) -> None:
    tree = nested("and(", "id.eq.1", ")", levels - 1)
    assert (await ask(mediatheque, f"/books?select=id&or=({tree})")).json == [{"id": 1}]
    embeds = nested("authors(", "id", ")", 1) if levels > 20 else nested("authors(books(", "id", "))", levels // 2)
    assert (await ask(mediatheque, f"/books?select={embeds}&id=eq.1")).status == 200


# -- huge numbers ---------------------------------------------------------------------------------------------------

HUGE = [2**31 - 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, 10**30]


@pytest.mark.parametrize("number", HUGE)
async def test_huge_limits_offsets_and_ranges(mediatheque: Mediatheque, number: int) -> None:
    exact = b"Prefer: count=exact"
    for target in (
        f"/books?limit={number}",
        f"/books?offset={number}",
        f"/books?limit={number}&offset={number}",
        f"/books?limit=-{number}",
        f"/books?offset=-{number}",
        f"/authors?select=books(id)&books.limit={number}&books.offset={number}",
        f"/authors?select=books(id)&books.limit=-{number}",
    ):
        sane(await ask(mediatheque, target))
        sane(await ask(mediatheque, target, exact))
    for header in (f"{number}-", f"0-{number}", f"{number}-{number}", f"1-{number}"):
        sane(await ask(mediatheque, "/books", b"Range: " + header.encode()))
        sane(await ask(mediatheque, f"/books?limit={number}", b"Range: " + header.encode(), exact))
    sane(await ask(mediatheque, "/books", f"Prefer: handling=strict, max-affected={number}".encode()))


@pytest.mark.parametrize("method", [b"TRACE", b"CONNECT", b"FOO", b"get", b"PROPFIND", b"G\x00T", b"A" * 1000])
async def test_odd_methods(mediatheque: Mediatheque, method: bytes) -> None:
    refused(await get(mediatheque.fast.url, BASE + b"/books", method=method))


async def test_errors_are_json_whatever_was_asked(mediatheque: Mediatheque) -> None:
    answer = await get(mediatheque.fast.url, BASE + b"/no_such_table", b"Accept: text/csv")
    assert json.loads(answer.body)["code"] == "PGRST205"
