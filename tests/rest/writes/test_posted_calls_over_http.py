"""POST of functions: which one is meant, how the body becomes arguments, and how the result becomes an answer."""

from __future__ import annotations

import pytest

from tests.rest.writes.asking import FULL, SINGLE, Ask, Atelier
from tests.rest.writes.cases import NO_BODY, Case, check
from tests.rest.writes.test_inserts_over_http import not_one, unreadable

JSON = "application/json; charset=utf-8"
TEXT = {"Content-Type": "text/plain"}
XML = {"Content-Type": "text/xml"}
BYTES = {"Content-Type": "application/octet-stream"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CSV = {"Content-Type": "text/csv"}
NEW = "SELECT line, number FROM shop.loose WHERE line <> 'a'"

ARGUMENTS = [
    Case(Ask("POST /rpc/append", {"line": "b", "number": 2}), 200, b"2", {"Content-Type": JSON},
         (NEW, [{"line": "b", "number": 2}])),
    Case(Ask("POST /rpc/append", {"line": "b"}), 200, 5, {}, (NEW, [{"line": "b", "number": 5}])),
    Case(Ask("POST /rpc/append", {"line": "b", "number": None}), 200, None, {}, (NEW, [{"line": "b", "number": None}])),
    Case(Ask("POST /rpc/append?columns=line", {"line": "b", "number": 2, "more": 1}), 200, 5),
    Case(Ask("POST /rpc/append", [{"line": "b"}, {"line": "c"}]), 200, 5, {}, (NEW, [{"line": "b", "number": 5}])),
    Case(Ask("POST /rpc/append", "line=b+c&number=2", headers=FORM), 200, 2, {}, (NEW, [{"line": "b c", "number": 2}])),
    Case(Ask("POST /rpc/append", "line=b&line=c", headers=FORM), 200, 5, {}, (NEW, [{"line": "c", "number": 5}])),
    Case(Ask("POST /rpc/append", "line,number\nb,2", headers=CSV), 200, 2),
    Case(Ask("POST /rpc/add", {"a": "1", "b": 2}), 200, 3),
    Case(Ask("POST /rpc/add?select=x&limit=5", {"a": 1, "b": 2}), 400, {"code": "42703"}),
    Case(Ask("POST /rpc/none", {}), 204, NO_BODY),
    Case(Ask("POST /rpc/none"), 204, NO_BODY),
    Case(Ask("POST /rpc/total", {"amounts": [1, 2, 3]}), 200, 6),
    Case(Ask("POST /rpc/total", {"amounts": []}), 200, None),
    Case(Ask("POST /rpc/total", "amounts=1&amounts=2", headers=FORM), 200, 3),
    Case(Ask("POST /rpc/swap", {"size": {"width": 2, "unit": "cm"}}), 200, {"width": 20, "unit": "cm!"}),
    Case(
        Ask("POST /rpc/kinds", {"flag": True, "list": ["a", "b,c"], "doc": {"k": [1]}, "day": "2024-02-29",
                                "state": "used"}),
        200,
        [True, ["a", "b,c"], {"k": [1]}, "2024-02-29", "used"],
    ),
    Case(Ask("POST /rpc/kinds", "flag=t&list={a,%22b,c%22}&doc={}&day=2024-02-29&state=new", headers=FORM), 200,
         [True, ["a", "b,c"], {}, "2024-02-29", "new"]),
    # a body for the one unnamed parameter
    Case(Ask("POST /rpc/take_json", '{"b": 1,  "a":2}'), 200, 'json {"b": 1,  "a":2}'),
    Case(Ask("POST /rpc/take_jsonb", {"b": 1}), 200, {"b": 1}),
    Case(Ask("POST /rpc/take_jsonb", [{"b": 1}, {"b": 2}]), 200, [{"b": 1}, {"b": 2}]),
    # as PostgREST has it: what is neither an object nor a list of them counts as no rows
    Case(Ask("POST /rpc/take_jsonb", "3"), 200, []),
    Case(Ask("POST /rpc/take_text", "a 'b' \\ é\n", headers=TEXT), 200, "text a 'b' \\ é\n"),
    Case(Ask("POST /rpc/take_text", "", headers=TEXT), 200, "text "),
    Case(Ask("POST /rpc/take_bytea", b"\x00\xff'\\", headers=BYTES), 200, "bytea 00ff275c"),
    # overloads
    Case(Ask("POST /rpc/either", {"a": 1}), 200, "a"),
    Case(Ask("POST /rpc/either", {"a": 1, "b": 2}), 200, "a, b"),
    Case(Ask("POST /rpc/either", {"a": 1, "c": 2}), 200, "whole"),
    Case(Ask("POST /rpc/either", [{"a": 1}]), 200, "a"),
]  # fmt: skip

RESULTS = [
    Case(Ask("POST /rpc/none"), 204, NO_BODY,
         {"Content-Type": None, "Content-Length": None, "Content-Range": "0-0/*", "Content-Location": None}),
    Case(Ask("POST /rpc/nothing"), 200, b"null", {"Content-Type": JSON}),
    Case(Ask("POST /rpc/numbers"), 200, [1, 2, 3], {"Content-Range": "0-2/*"}),
    Case(Ask("POST /rpc/one_tool?select=name", {"id": 1}), 200, b'{"name":"knife"}'),
    Case(Ask("POST /rpc/one_tool?select=name,makers(name)", {"id": 1}), 200,
         {"name": "knife", "makers": {"name": "Opinel"}}),
    Case(Ask("POST /rpc/all_tools?select=id&id=gt.1&order=id.desc", {}), 200, [{"id": 3}, {"id": 2}]),
    Case(Ask("POST /rpc/all_tools?select=id&order=id&limit=1&offset=1", {}, "count=exact"), 206, [{"id": 2}],
         {"Content-Range": "1-1/3", "Preference-Applied": "count=exact"}),
    Case(Ask("POST /rpc/all_tools?select=id&order=id&price=gt.20", {}), 200, [{"id": 2}, {"id": 3}]),
    Case(Ask("POST /rpc/all_tools?select=id", {}, headers={"Range": "0-0"}), 200, [{"id": 1}, {"id": 2}, {"id": 3}]),
    Case(Ask("POST /rpc/all_tools?select=id,owners(name)&id=eq.2", {}), 200, [{"id": 2, "owners": [{"name": "Ada"}]}]),
    Case(Ask("POST /rpc/break_all?select=id&id=eq.2", {}), 200, [{"id": 2}], {},
         ("SELECT DISTINCT state FROM shop.tools", [{"state": "broken"}])),
    Case(Ask("POST /rpc/tally?order=many.desc", {}), 200, [{"state": "new", "many": 3}]),
    Case(Ask("POST /rpc/pair", {}), 200, {"a": 1, "b": "x"}),
    Case(Ask("POST /rpc/pair?select=b", {}), 200, {"b": "x"}),
    Case(Ask("POST /rpc/lone", {}), 200, {"a": 1}),
    # one object
    Case(Ask("POST /rpc/all_tools?select=id&id=eq.2", {}, headers={"Accept": SINGLE}), 200, b'{"id":2}'),
    Case(Ask("POST /rpc/add", {"a": 1, "b": 2}, headers={"Accept": SINGLE}), 200, 3),
    Case(Ask("POST /rpc/none", {}, headers={"Accept": SINGLE}), 204, NO_BODY),
    Case(Ask("POST /rpc/all_tools?select=id,name&id=eq.2", {}, headers={"Accept": "text/csv"}), 200,
         b"id,name\n2,spanner"),
    # preferences about representations mean nothing to calls
    Case(Ask("POST /rpc/append", {"line": "b"}, f"{FULL}, resolution=merge-duplicates, missing=default"), 200, 5,
         {"Preference-Applied": None}),
    Case(Ask("POST /rpc/break_all?select=id", {}, "handling=strict, max-affected=3"), 200, [{"id": 1}, {"id": 2},
         {"id": 3}], {"Preference-Applied": "handling=strict, max-affected=3"}),
]  # fmt: skip


@pytest.mark.parametrize("case", [*ARGUMENTS, *RESULTS], ids=lambda case: case.name)
async def test_calls(atelier: Atelier, case: Case) -> None:
    await check(case, atelier)


def missing(message: str, details: str, hint: str | None = None) -> dict[str, str | None]:
    searched = f"Searched for the function {details}, but no matches were found in the schema cache."
    found = f"Could not find the function {message} in the schema cache"
    return {"code": "PGRST202", "message": found, "details": searched, "hint": hint}


OR_WHOLE = "or with a single unnamed json/jsonb parameter"

REFUSALS = [
    Case(Ask("POST /rpc/appendix", {"b": 1, "a": 2}), 404,
         missing("shop.appendix(a, b)", f"shop.appendix with parameters a, b {OR_WHOLE}",
                 "Perhaps you meant to call the function shop.append")),
    Case(Ask("POST /rpc/zzzzz", {}), 404,
         missing("shop.zzzzz without parameters", f"shop.zzzzz without parameters {OR_WHOLE}")),
    Case(Ask("POST /rpc/append", {"line": "b", "x": 2}), 404, {"code": "PGRST202"}),
    Case(Ask("POST /rpc/append", {}), 404, {"code": "PGRST202"}),
    Case(Ask("POST /rpc/append", {"number": 2}), 404, {"code": "PGRST202"}),
    Case(Ask("POST /rpc/append", "x", headers=TEXT), 404,
         missing("shop.append", "shop.append with a single unnamed text parameter")),
    Case(Ask("POST /rpc/none", "x", headers=TEXT), 404, {"code": "PGRST202"}),
    Case(Ask("POST /rpc/append", b"x", headers=BYTES), 404,
         missing("shop.append", "shop.append with a single unnamed bytea parameter")),
    Case(Ask("POST /rpc/take_text", {"a": 1}), 404, {"code": "PGRST202"}),
    Case(Ask("POST /rpc/append", "<a/>", headers=XML), 404,
         missing("shop.append", "shop.append with a single unnamed xml parameter")),
    Case(Ask("POST /rpc/take_jsonb", [{"b": 1}, {"c": 1}]), 400, unreadable("All object keys must match")),
    Case(Ask("POST /rpc/take_json", "[1, 2]"), 400, unreadable("All object keys must match")),
    Case(Ask("POST /rpc/take_text", b"\xff", headers=TEXT), 400, {"code": "PGRST102"}),
    Case(Ask("POST /rpc/take_text", b"a\x00", headers=TEXT), 400, {"code": "22021"}),
    Case(Ask("POST /rpc/unclear", {"a": 1}), 300, {
        "code": "PGRST203", "details": None,
        "hint": "Try renaming the parameters or the function itself in the database so function overloading can be "
                "resolved",
        "message": "Could not choose the best candidate function between: "
                   "shop.unclear(a => integer), shop.unclear(a => text)"}),
    Case(Ask("POST /rpc/add", '{"a": 1'), 400, unreadable("Empty or invalid json")),
    Case(Ask("POST /rpc/add", "<x/>", headers={"Content-Type": "image/png"}), 400,
         unreadable("Content-Type not acceptable: image/png")),
    Case(Ask("POST /rpc/add", {"a": "x", "b": 1}), 400, {"code": "22P02"}),
    Case(Ask("POST /rpc/add?a=1", {"a": 1, "b": 1}), 400, {"code": "PGRST100"}),
    Case(Ask("POST /rpc/add?a=eq.1", {"a": 1, "b": 1}), 400, {"code": "42703"}),
    Case(Ask("POST /rpc/total", {"amounts": ["x"]}), 400, {"code": "22P02"}),
    Case(Ask("POST /rpc/all_tools", {}, headers={"Accept": SINGLE}), 406, not_one(3)),
    Case(Ask("POST /rpc/break_all", {}, headers={"Accept": SINGLE}), 406, not_one(3)),
    Case(Ask("POST /rpc/break_all", {}, "handling=strict, max-affected=2"), 400,
         {"code": "PGRST124", "details": "The query affects 3 rows"}),
    Case(Ask("POST /rpc/append", {"line": "b"}, "handling=strict, max-affected=2"), 400, {
        "code": "PGRST128",
        "message": "Function must return SETOF or TABLE when max-affected preference is used with handling=strict"}),
    Case(Ask("POST /rpc/none", {}, "handling=strict, max-affected=2"), 400, {"code": "PGRST128"}),
    Case(Ask("POST /rpc/append", {"line": "b"}, headers={"Accept": "image/png"}), 406, {"code": "PGRST107"}),
    # a function that says it only reads, but writes; and one that writes, called as if it only read
    Case(Ask("POST /rpc/write_when_stable", {}), 405,
         {"code": "25006", "message": "cannot execute INSERT in a read-only transaction"}),
    Case(Ask("GET /rpc/write_when_stable"), 405, {"code": "25006"}),
    Case(Ask("GET /rpc/append?line=b"), 405, {"code": "25006"}),
    Case(Ask("GET /rpc/break_all"), 405, {"code": "25006"}),
    Case(Ask("GET /rpc/none"), 405, {"code": "25006"}),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
async def test_refusals(atelier: Atelier, case: Case) -> None:
    await check(case, atelier)


async def test_head_of_a_function_that_writes(atelier: Atelier) -> None:
    before = await atelier.everything()
    answer = await Ask("HEAD /rpc/append?line=b").to(atelier.commits)
    assert (answer.status, answer.body, answer.headers["Proxy-Status"]) == (405, b"", "PostgREST; error=25006")
    assert await atelier.everything() == before


async def test_xml_for_an_unnamed_parameter(atelier: Atelier) -> None:
    """PostgreSQL may be built without XML; the body reaches it all the same."""
    answer = await Ask("POST /rpc/take_xml", "<a>é</a>", headers=XML).to(atelier.commits)
    assert answer.json == "xml <a>é</a>" or (answer.status, answer.json["code"]) == (400, "0A000")
