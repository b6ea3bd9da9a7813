"""POST of tables: bodies of every kind, what comes back, and what is there afterwards."""

from __future__ import annotations

import pytest

from tests.rest.writes.asking import FULL, SINGLE, Ask, Atelier
from tests.rest.writes.cases import NO_BODY, Case, check

JSON = "application/json; charset=utf-8"
CSV = {"Content-Type": "text/csv"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LOOSE = "SELECT line, number FROM shop.loose WHERE line IS DISTINCT FROM 'a' ORDER BY number"
PAIRS = "SELECT a, b, note, number FROM shop.pairs WHERE a > 2 ORDER BY a"
MINIMAL = {"Content-Type": None, "Content-Length": "0", "Content-Range": "*/*", "Location": None}


def loose(*rows: tuple[str | None, int | None]) -> tuple[str, list[dict[str, object]]]:
    return LOOSE, [{"line": line, "number": number} for line, number in rows]


def pair(a: int, note: str | None = "none", number: int | None = 7, b: str = "z") -> dict[str, object]:
    return {"a": a, "b": b, "note": note, "number": number}


BODIES = [
    Case(Ask("POST /loose", {"line": "b", "number": 2}), 201, NO_BODY, MINIMAL, loose(("b", 2))),
    Case(Ask("POST /loose", [{"line": "b", "number": 2}]), 201, NO_BODY, MINIMAL, loose(("b", 2))),
    Case(
        Ask("POST /loose", [{"line": "b", "number": 2}, {"number": 3, "line": "c"}]),
        201,
        NO_BODY,
        MINIMAL,
        loose(("b", 2), ("c", 3)),
    ),
    # PostgreSQL converts
    Case(Ask("POST /loose", {"number": "2"}), 201, NO_BODY, {}, loose((None, 2))),
    Case(Ask("POST /loose", {"line": {"x": 1}, "number": 2}), 201, NO_BODY, {}, loose(('{"x": 1}', 2))),
    Case(Ask("POST /loose", '{"line":"b","line":"c","number":2}'), 201, NO_BODY, {}, loose(("c", 2))),
    Case(Ask("POST /loose", '  \n\t{"number": 2}\n'), 201, NO_BODY, {}, loose((None, 2))),
    Case(Ask("POST /loose", {"line": "é☃𝄞\"\\\n", "number": 2}), 201, NO_BODY, {}, loose(("é☃𝄞\"\\\n", 2))),
    # numbers are PostgreSQL's, of any size
    Case(Ask("POST /loose", '{"line": 1e400, "number": 2}'), 201, NO_BODY, {}, loose(("1e400", 2))),
    Case(Ask("POST /loose", '[{"line": 123456789012345678901.10}]'), 201, NO_BODY, {},
         loose(("123456789012345678901.10", None))),
    # nothing to insert
    Case(Ask("POST /loose", [], FULL), 201, [], {}, loose()),
    Case(Ask("POST /loose", "3", FULL), 201, [], {}, loose()),
    Case(Ask("POST /loose", '"x"', FULL), 201, [], {}, loose()),
    Case(Ask("POST /loose", "null", FULL), 201, [], {}, loose()),
    # rows of defaults
    Case(Ask("POST /counted", {}, FULL), 201, [{"id": 2, "note": "none"}]),
    Case(Ask("POST /counted?select=id", [{}, {}], FULL), 201, [{"id": 2}, {"id": 3}]),
    # the keys given are the columns
    Case(Ask("POST /pairs", {"a": 3, "b": "z"}), 201, NO_BODY, {}, (PAIRS, [pair(3)])),
    Case(Ask("POST /pairs", {"a": 3, "b": "z", "note": None}), 201, NO_BODY, {}, (PAIRS, [pair(3, None)])),
    Case(
        Ask("POST /pairs?columns=a,b", {"a": 3, "b": "z", "note": "left out", "nonsense": 1}),
        201,
        NO_BODY,
        {},
        (PAIRS, [pair(3)]),
    ),
    Case(
        Ask("POST /pairs?columns=a,b,note", [{"a": 3, "b": "z"}, {"a": 4, "b": "z", "note": "n", "x": 1}]),
        201,
        NO_BODY,
        {},
        (PAIRS, [pair(3, None), pair(4, "n")]),
    ),
    Case(
        Ask("POST /pairs?columns=a,b,note,number", [{"a": 3, "b": "z"}, {"a": 4, "b": "z", "note": None}],
            "missing=default"),
        201,
        NO_BODY,
        {"Preference-Applied": "missing=default"},
        (PAIRS, [pair(3), pair(4, None)]),
    ),
    Case(
        Ask("POST /pairs?columns=a,b,note", {"a": 3, "b": "z"}, "missing=default, " + FULL),
        201,
        [pair(3)],
        {"Preference-Applied": "missing=default, return=representation"},
    ),
    Case(Ask("POST /pairs?columns=a,b,note", [], "missing=default, " + FULL), 201, []),
    Case(Ask("POST /numbered?columns=id,note", [{"note": "x"}, {"id": 9}], "missing=default, " + FULL), 201,
         [{"id": 1, "note": "x"}, {"id": 9, "note": "none"}]),
    Case(Ask("POST /coded?columns=code,label", {"code": "C-8"}, "missing=default, " + FULL), 201,
         [{"code": "C-8", "label": None}]),
    Case(Ask("POST /pairs?columns=%22a%22,%22b%22", [{"a": 3, "b": "z"}]), 201, NO_BODY, {}, (PAIRS, [pair(3)])),
    # CSV
    Case(
        Ask("POST /loose", "line,number\nb,2\n\"c,\"\"d\"\"\ne\",3\n,4\nNULL,5\n", headers=CSV),
        201,
        NO_BODY,
        MINIMAL,
        loose(("b", 2), ('c,"d"\ne', 3), ("", 4), (None, 5)),
    ),
    Case(Ask("POST /loose", "line,number\r\nb,2\r\n", headers=CSV), 201, NO_BODY, {}, loose(("b", 2))),
    Case(Ask("POST /loose", "line,number\n", FULL, headers=CSV), 201, []),
    Case(Ask("POST /loose?columns=number", "line,number\nb,2", headers=CSV), 201, NO_BODY, {}, loose((None, 2))),
    Case(Ask("POST /loose", f"line\n{'x' * 200_000}", headers=CSV), 201, NO_BODY, {},
         ("SELECT length(line) AS long FROM shop.loose WHERE line <> 'a'", [{"long": 200_000}])),
    # a form is one row of strings
    Case(Ask("POST /loose", "line=b+%26%2B&number=2", headers=FORM), 201, NO_BODY, {}, loose(("b &+", 2))),
    Case(Ask("POST /loose", "line=&number=2", headers=FORM), 201, NO_BODY, {}, loose(("", 2))),
    # content types
    Case(
        Ask("POST /loose", '{"number":2}', headers={"Content-Type": "APPLICATION/JSON; charset=latin1"}),
        201,
        NO_BODY,
        {},
        loose((None, 2)),
    ),
    # names that need quotes
    Case(
        Ask("POST /Bo%C3%AEte%20n%C2%B0%201", {"clé, une": 2, "or": "x", 'a"b': "y"}, FULL),
        201,
        [{"clé, une": 2, "or": "x", 'a"b': "y"}],
    ),
    # types
    Case(
        Ask(
            "POST /tools?select=price,state,tags,meta,size,seen,twice",
            {
                "id": 9,
                "name": "saw",
                "price": 2.5,
                "state": "used",
                "tags": ["a", "b,c"],
                "meta": {"k": [1, None]},
                "size": {"width": 3, "unit": "m"},
                "seen": "2024-01-01T00:00:00+01:00",
            },
            FULL,
        ),
        201,
        [
            {
                "price": 2.50,
                "state": "used",
                "tags": ["a", "b,c"],
                "meta": {"k": [1, None]},
                "size": {"width": 3, "unit": "m"},
                "seen": "2023-12-31T23:00:00+00:00",
                "twice": 5.00,
            }
        ],
    ),
    Case(Ask("POST /costly", {"id": 9, "name": "press", "price": 500}, FULL), 201,
         [{"id": 9, "name": "press", "price": 500.00}]),
    # domain representations parse and format
    Case(Ask("POST /coded", {"code": "C-8", "label": "eight"}, FULL), 201, [{"code": "C-8", "label": "eight"}],
         {}, ("SELECT code::integer AS code FROM shop.coded ORDER BY 1", [{"code": 7}, {"code": 8}])),
    Case(Ask("POST /coded?select=code", [{"code": "C-8"}, {"code": "C-9"}], FULL), 201,
         [{"code": "C-8"}, {"code": "C-9"}]),
    # the other schema
    Case(
        Ask("POST /tools", {"id": 5}, FULL, headers={"Content-Profile": "depot", "Accept-Profile": "shop"}),
        201,
        [{"id": 5, "name": None}],
        {"Content-Profile": "depot"},
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.name)
async def test_bodies(atelier: Atelier, case: Case) -> None:
    await check(case, atelier)


SHAPES = [
    Case(
        Ask("POST /pairs?select=b,alias:a", {"a": 3, "b": "z"}, FULL),
        201,
        b'[{"b":"z","alias":3}]',
        {
            "Content-Type": JSON,
            "Content-Range": "*/*",
            "Content-Profile": "shop",
            "Content-Location": None,
            "Location": None,
            "Preference-Applied": FULL,
            "Vary": "Accept, Prefer, Range",
        },
    ),
    Case(Ask("POST /pairs?select=a&order=a.desc", [{"a": 3, "b": "z"}, {"a": 4, "b": "z"}], FULL), 201,
         [{"a": 4}, {"a": 3}]),
    Case(Ask("POST /pairs?select=a&limit=1&offset=1&order=a", [{"a": 3, "b": "z"}, {"a": 4, "b": "z"}], FULL), 201,
         [{"a": 3}, {"a": 4}]),
    Case(Ask("POST /pairs?select=a&a=eq.99", {"a": 3, "b": "z"}, FULL), 201, [{"a": 3}]),
    Case(Ask("POST /loose", {"line": "b"}, FULL), 201, b'[{"line":"b","number":null}]'),
    # `select` alone does not ask for rows
    Case(Ask("POST /pairs?select=a", {"a": 3, "b": "z"}), 201, NO_BODY, MINIMAL),
    Case(Ask("POST /pairs", {"a": 3, "b": "z"}, "return=minimal"), 201, NO_BODY,
         {**MINIMAL, "Preference-Applied": "return=minimal"}),
    Case(Ask("POST /pairs", [{"a": 3, "b": "z"}, {"a": 4, "b": "z"}], "count=exact"), 201, NO_BODY,
         {"Content-Range": "*/2", "Preference-Applied": "count=exact"}),
    Case(Ask("POST /pairs", {"a": 3, "b": "z"}, f"count=planned, {FULL}"), 201, [pair(3)],
         {"Content-Range": "*/1"}),
    # Location
    Case(Ask("POST /pairs", {"a": 3, "b": "x/ü &"}, "return=headers-only"), 201, NO_BODY,
         {"Location": "/pairs?a=eq.3&b=eq.x%2F%C3%BC%20%26", "Content-Type": None, "Content-Length": "0"}),
    Case(Ask("POST /counted", {"note": "n"}, "return=headers-only"), 201, NO_BODY, {"Location": "/counted?id=eq.2"}),
    Case(Ask("POST /counted", [{"note": "n"}], "return=headers-only"), 201, NO_BODY, {"Location": "/counted?id=eq.2"}),
    Case(Ask("POST /counted", [{"note": "n"}, {"note": "m"}], "return=headers-only"), 201, NO_BODY,
         {"Location": None}),
    Case(Ask("POST /loose", {"line": "b"}, "return=headers-only"), 201, NO_BODY, {"Location": None}),
    Case(Ask("POST /costly", {"id": 9, "name": "n", "price": 101}, "return=headers-only"), 201, NO_BODY,
         {"Location": "/costly?id=eq.9"}),
    Case(Ask("POST /coded", {"code": "C-9"}, "return=headers-only"), 201, NO_BODY, {"Location": "/coded?code=eq.9"}),
    # embeds of what was written
    Case(Ask("POST /tools?select=id,makers(name)", {"id": 9, "name": "saw", "maker_id": 2}, FULL), 201,
         [{"id": 9, "makers": {"name": "Facom"}}]),
    Case(Ask("POST /makers?select=name,tools(id)", {"id": 9, "name": "new"}, FULL), 201,
         [{"name": "new", "tools": []}]),
    Case(Ask("POST /holdings?select=tools(name,makers(name)),owners(name)", {"tool_id": 3, "owner_id": 2}, FULL), 201,
         [{"tools": {"name": "lathe", "makers": None}, "owners": {"name": "Bo"}}]),
    Case(Ask("POST /tools?select=name,...makers(maker:name)", {"id": 9, "name": "saw", "maker_id": 2}, FULL), 201,
         [{"name": "saw", "maker": "Facom"}]),
    Case(Ask("POST /tools?select=id,owners(name)", {"id": 9, "name": "saw"}, FULL), 201, [{"id": 9, "owners": []}]),
    Case(
        Ask("POST /tools?select=id,makers(name)&makers.name=eq.Facom", [
            {"id": 8, "name": "x", "maker_id": 1}, {"id": 9, "name": "y", "maker_id": 2}], FULL),
        201,
        [{"id": 8, "makers": None}, {"id": 9, "makers": {"name": "Facom"}}],
    ),
    Case(
        Ask("POST /tools?select=id,makers!inner(name)&makers.name=eq.Facom", [
            {"id": 8, "name": "x", "maker_id": 1}, {"id": 9, "name": "y", "maker_id": 2}], FULL),
        201,
        [{"id": 9, "makers": {"name": "Facom"}}],
        {},
        ("SELECT id FROM shop.tools WHERE id > 7 ORDER BY 1", [{"id": 8}, {"id": 9}]),
    ),
    # one object
    Case(Ask("POST /pairs?select=a", {"a": 3, "b": "z"}, FULL, headers={"Accept": SINGLE}), 201, b'{"a":3}',
         {"Content-Type": f"{SINGLE}; charset=utf-8"}),
    Case(Ask("POST /pairs?select=a", [{"a": 3, "b": "z"}], FULL, headers={"Accept": SINGLE}), 201, {"a": 3}),
    Case(Ask("POST /pairs", {"a": 3, "b": "z"}, headers={"Accept": SINGLE}), 201, NO_BODY),
    # other forms
    Case(Ask("POST /pairs?select=a,b,note,number", {"a": 3, "b": "z"}, FULL, headers={"Accept": "text/csv"}), 201,
         b"a,b,note,number\n3,z,none,7", {"Content-Type": "text/csv; charset=utf-8"}),
    Case(
        Ask("POST /loose", {"line": "b"}, FULL,
            headers={"Accept": "application/vnd.pgrst.array+json;nulls=stripped"}),
        201,
        b'[{"line":"b"}]',
        {"Content-Type": "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8"},
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", SHAPES, ids=lambda case: case.name)
async def test_answers(atelier: Atelier, case: Case) -> None:
    await check(case, atelier)


EMPTY = "Empty or invalid json"
KEYS = "All object keys must match"


def unreadable(message: str) -> dict[str, str | None]:
    return {"code": "PGRST102", "message": message, "details": None, "hint": None}


def pgrst204(column: str, table: str) -> dict[str, str | None]:
    message = f"Could not find the '{column}' column of '{table}' in the schema cache"
    return {"code": "PGRST204", "message": message, "details": None, "hint": None}


def not_one(rows: int) -> dict[str, str | None]:
    return {
        "code": "PGRST116",
        "details": f"The result contains {rows} rows",
        "hint": None,
        "message": "Cannot coerce the result to a single JSON object",
    }


REFUSALS = [
    Case(Ask("POST /loose", ""), 400, unreadable(EMPTY)),
    Case(Ask("POST /loose"), 400, unreadable(EMPTY)),
    Case(Ask("POST /loose", '{"line": "b"'), 400, unreadable(EMPTY)),
    Case(Ask("POST /loose", '{"line": "b"} x'), 400, unreadable(EMPTY)),
    Case(Ask("POST /loose", "{'line': 1}"), 400, unreadable(EMPTY)),
    Case(Ask("POST /loose", b'{"line": "\xff"}'), 400, unreadable(EMPTY)),
    Case(Ask("POST /loose", '{"line": NaN}'), 400, unreadable(EMPTY)),
    Case(Ask("POST /loose", '{"line": "\x01"}'), 400, unreadable(EMPTY)),
    Case(Ask("POST /loose", "[" * 100_000), 400, unreadable(EMPTY)),
    Case(Ask("POST /loose", [{"line": "b"}, {"number": 2}]), 400, unreadable(KEYS)),
    Case(Ask("POST /loose", [{"line": "b"}, {"line": "c", "number": 2}]), 400, unreadable(KEYS)),
    Case(Ask("POST /loose", [{"line": "b"}, {}]), 400, unreadable(KEYS)),
    Case(Ask("POST /loose", [{}, {"line": "b"}]), 400, unreadable(KEYS)),
    Case(Ask("POST /loose", [1]), 400, unreadable(KEYS)),
    Case(Ask("POST /loose", [{"line": "b"}, None]), 400, unreadable(KEYS)),
    Case(Ask("POST /loose", [[{"line": "b"}]]), 400, unreadable(KEYS)),
    Case(Ask("POST /loose", "line,number\nb", headers=CSV), 400,
         unreadable("All lines must have same number of fields")),
    Case(Ask("POST /loose", "line,number\nb,1,2", headers=CSV), 400,
         unreadable("All lines must have same number of fields")),
    Case(Ask("POST /loose", "", headers=CSV), 400, {"code": "PGRST102"}),
    Case(Ask("POST /loose", 'line\n"b', headers=CSV), 400, {"code": "PGRST102"}),
    Case(Ask("POST /loose", b"line\n\xff", headers=CSV), 400, {"code": "PGRST102"}),
    Case(Ask("POST /loose", b"line=\xff", headers=FORM), 400, {"code": "PGRST102"}),
    Case(Ask("POST /loose", "x", headers={"Content-Type": "text/plain"}), 400,
         unreadable("Content-Type not acceptable: text/plain")),
    Case(Ask("POST /loose", "<x/>", headers={"Content-Type": "Application/XML; a=b"}), 400,
         unreadable("Content-Type not acceptable: application/xml")),
    Case(Ask("POST /loose", b"x", headers={"Content-Type": "multipart/form-data; boundary=x"}), 400,
         unreadable("Content-Type not acceptable: multipart/form-data")),
    Case(Ask("POST /loose", b"x", headers={"Content-Type": "application/octet-stream"}), 400,
         unreadable("Content-Type not acceptable: application/octet-stream")),
    Case(Ask("POST /loose", {"lines": "b"}), 400, pgrst204("lines", "loose")),
    Case(Ask("POST /loose", [{"line": "b", "": 1}]), 400, pgrst204("", "loose")),
    Case(Ask("POST /loose?columns=lines", {"line": "b"}), 400, pgrst204("lines", "loose")),
    Case(Ask("POST /loose", "lines\nb", headers=CSV), 400, pgrst204("lines", "loose")),
    Case(Ask("POST /loose?columns=", {"line": "b"}), 400,
         {"code": "PGRST100", "message": '"failed to parse columns parameter ()" (line 1, column 1)'}),
    # with columns, PostgreSQL reads the body
    Case(Ask("POST /loose?columns=line", '{"line": '), 400,
         {"code": "22P02", "message": "invalid input syntax for type json"}),
    Case(Ask("POST /loose?columns=line", ""), 400, {"code": "22P02", "message": "invalid input syntax for type json"}),
    Case(Ask("POST /loose?columns=line", '[{"line":"b"},1]'), 400, {"code": "22023"}),
    Case(Ask("POST /loose?columns=line", b'{"line":"\x00"}'), 400, {"code": "22021"}),
    Case(Ask("POST /loose?columns=line", '{"line":"\\u0000"}'), 400, {"code": "22P05"}),
    Case(Ask("POST /loose", '{"line":"\\u0000"}'), 400, {"code": "22P05"}),
    # PostgreSQL's own refusals
    Case(Ask("POST /loose", {"number": "x"}), 400,
         {"code": "22P02", "message": 'invalid input syntax for type integer: "x"', "details": None, "hint": None}),
    Case(Ask("POST /tools", {"id": 9}), 400, {
        "code": "23502",
        "message": 'null value in column "name" of relation "tools" violates not-null constraint',
        "details": "Failing row contains (9, null, 1.50, new, null, null, {}, null, null, null, 3.00)."}),
    Case(Ask("POST /makers", {"id": 1, "name": "x"}), 409, {
        "code": "23505", "details": "Key (id)=(1) already exists.", "hint": None,
        "message": 'duplicate key value violates unique constraint "makers_pkey"'}),
    Case(Ask("POST /tools", {"id": 9, "name": "x", "maker_id": 77}), 409,
         {"code": "23503", "details": 'Key (maker_id)=(77) is not present in table "makers".'}),
    Case(Ask("POST /tools", {"id": 9, "name": "x", "price": -1}), 400, {"code": "23514"}),
    Case(Ask("POST /tools", {"id": 9, "name": "x", "twice": 1}), 400, {"code": "428C9"}),
    Case(Ask("POST /counted", {"id": 9}), 400, {"code": "428C9"}),
    Case(Ask("POST /counted?columns=id,note", {"note": "x"}, "missing=default"), 400, {"code": "428C9"}),
    Case(Ask("POST /tools?columns=id,name,twice", {"id": 9, "name": "x"}, "missing=default"), 400,
         {"code": "428C9"}),
    Case(Ask("POST /tools", {"id": 9, "name": "x", "state": "lost"}), 400, {"code": "22P02"}),
    Case(Ask("POST /tools", {"id": 9, "name": "x", "price": 1e9}), 400, {"code": "22003"}),
    Case(Ask("POST /costly", {"id": 9, "name": "x", "price": 1}), 400, {"code": "44000"}),
    Case(Ask("POST /prices", {"price": 1}), 500, {"code": "55000"}),
    Case(Ask("POST /coded", {"code": "C-x"}), 400, {"code": "22P02"}),
    # all or none of a bulk
    Case(Ask("POST /makers", [{"id": 8, "name": "x"}, {"id": 1, "name": "y"}]), 409, {"code": "23505"}),
    # one object of several, or of none
    Case(Ask("POST /pairs", [{"a": 3, "b": "z"}, {"a": 4, "b": "z"}], FULL, headers={"Accept": SINGLE}), 406,
         not_one(2)),
    Case(Ask("POST /pairs", [{"a": 3, "b": "z"}, {"a": 4, "b": "z"}], headers={"Accept": SINGLE}), 406, not_one(2)),
    Case(Ask("POST /pairs", [], FULL, headers={"Accept": SINGLE}), 406, not_one(0)),
    # refused before anything is written
    Case(Ask("POST /pairs", {"a": 3, "b": "z"}, headers={"Accept": "image/png"}), 406,
         {"code": "PGRST107", "message": "None of these media types are available: image/png"}),
    Case(Ask("POST /pairs", {"a": 3, "b": "z"}, "handling=strict, colour=blue"), 400,
         {"code": "PGRST122", "details": "Invalid preferences: colour=blue"}),
    Case(Ask("POST /pairs?select=a,nothing(id)", {"a": 3, "b": "z"}, FULL), 400, {"code": "PGRST200"}),
    Case(Ask("POST /pairs?select=a,c", {"a": 3, "b": "z"}, FULL), 400, {"code": "42703"}),
    Case(Ask("POST /pairs?a=resembles.1", {"a": 3, "b": "z"}), 400, {"code": "PGRST100"}),
    Case(Ask("POST /pair", {"a": 3}), 404,
         {"code": "PGRST205", "hint": "Perhaps you meant the table 'shop.pairs'"}),
    Case(Ask("POST /tools", {"id": 1}, headers={"Content-Profile": "backroom"}), 406,
         {"code": "PGRST106", "hint": "Only the following schemas are exposed: shop, depot"}),
    Case(Ask("POST /", {"id": 1}), 405, {"code": "PGRST117"}),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
async def test_refusals(atelier: Atelier, case: Case) -> None:
    answer = await check(case, atelier)
    assert answer.headers["Proxy-Status"] == f"PostgREST; error={answer.json['code']}"


async def test_a_missing_content_type_means_json(atelier: Atelier) -> None:
    async with atelier.commits.client.post(
        f"{atelier.commits.url}/rest/v1/loose",
        data=b'{"line": "b", "number": 2}',
        headers={"Authorization": f"Bearer {Ask('').bearer}"},
        skip_auto_headers=("Content-Type",),
    ) as response:
        assert response.status == 201
    assert await atelier.rows(LOOSE) == [{"line": "b", "number": 2}]
