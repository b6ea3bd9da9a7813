"""POST with `resolution`, and PUT: which row wins, and what the status says about it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.writes.asking import FULL, SINGLE, Ask, Atelier
from tests.rest.writes.cases import NO_BODY, Case, check
from tests.rest.writes.test_inserts_over_http import unreadable

MERGE = "resolution=merge-duplicates"
IGNORE = "resolution=ignore-duplicates"
PAIRS = "SELECT a, b, note, number FROM shop.pairs ORDER BY a"
ONE: dict[str, Any] = {"a": 1, "b": "x", "note": "one", "number": 1}
TWO: dict[str, Any] = {"a": 2, "b": "y", "note": "two", "number": 2}
NEW: dict[str, Any] = {"a": 3, "b": "z", "note": "new", "number": 7}


def key(row: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"a": row["a"], "b": row["b"], **more}


MERGES = [
    Case(Ask("POST /pairs", key(ONE, note="new"), MERGE), 200, NO_BODY, {"Preference-Applied": MERGE},
         (PAIRS, [{**ONE, "note": "new"}, TWO])),
    Case(Ask("POST /pairs", key(NEW, note="new"), MERGE), 201, NO_BODY, {}, (PAIRS, [ONE, TWO, NEW])),
    Case(Ask("POST /pairs", [key(ONE, note="n"), key(TWO, note="n")], f"{MERGE}, {FULL}"), 200,
         [{**ONE, "note": "n"}, {**TWO, "note": "n"}], {"Preference-Applied": f"{MERGE}, {FULL}"}),
    Case(Ask("POST /pairs", [key(ONE, note="n"), key(NEW, note="new")], f"{MERGE}, {FULL}"), 201,
         [{**ONE, "note": "n"}, NEW]),
    Case(Ask("POST /pairs", [], f"{MERGE}, {FULL}"), 200, []),
    Case(Ask("POST /pairs", key(ONE), f"{MERGE}, {FULL}"), 200, [ONE]),
    Case(Ask("POST /pairs?columns=a,b,note", key(ONE, note="n", number=99), f"{MERGE}, {FULL}"), 200,
         [{**ONE, "note": "n"}]),
    # another unique column
    Case(Ask("POST /tools?on_conflict=slug&select=id,name", {"id": 1, "slug": "knife", "name": "new"},
             f"{MERGE}, {FULL}"), 200, [{"id": 1, "name": "new"}]),
    Case(Ask("POST /tools?on_conflict=slug&select=id,name", {"id": 9, "slug": "other", "name": "new"},
             f"{MERGE}, {FULL}"), 201, [{"id": 9, "name": "new"}]),
    Case(Ask("POST /pairs?on_conflict=%22a%22,b", key(ONE, note="n"), f"{MERGE}, {FULL}"), 200,
         [{**ONE, "note": "n"}]),
    # missing=default fills in what a row leaves out, also over a row that exists
    Case(Ask("POST /pairs?columns=a,b,note,number", [key(ONE), key(NEW, note="new")],
             f"{MERGE}, missing=default, {FULL}"), 201,
         [{**ONE, "note": "none", "number": 7}, NEW],
         {"Preference-Applied": f"{MERGE}, missing=default, {FULL}"}),
    # nothing to merge on: a plain insert, and nothing said about it
    Case(Ask("POST /loose", {"line": "b"}, MERGE), 201, NO_BODY, {"Preference-Applied": None}),
    Case(Ask("POST /coded", {"code": "C-7", "label": "new"}, f"{MERGE}, {FULL}"), 200,
         [{"code": "C-7", "label": "new"}]),
    Case(Ask("POST /pairs?select=note", key(ONE, note="n"), f"{MERGE}, {FULL}", headers={"Accept": SINGLE}), 200,
         {"note": "n"}),
    Case(Ask("POST /pairs", key(NEW), f"{MERGE}, return=headers-only"), 201, NO_BODY,
         {"Location": "/pairs?a=eq.3&b=eq.z"}),
    Case(Ask("POST /counted", {}, f"{MERGE}, {FULL}"), 201, [{"id": 2, "note": "none"}]),
]  # fmt: skip

IGNORES = [
    Case(Ask("POST /pairs", key(ONE, note="new"), IGNORE), 201, NO_BODY, {"Preference-Applied": IGNORE},
         (PAIRS, [ONE, TWO])),
    Case(Ask("POST /pairs", [key(ONE, note="n"), key(NEW, note="new")], f"{IGNORE}, {FULL}, count=exact"), 201, [NEW],
         {"Content-Range": "*/1"}, (PAIRS, [ONE, TWO, NEW])),
    Case(Ask("POST /pairs", key(ONE), f"{IGNORE}, {FULL}"), 201, []),
    Case(Ask("POST /pairs", [key(NEW), key(NEW)], f"{IGNORE}, {FULL}"), 201, [{**NEW, "note": "none"}]),
    Case(Ask("POST /tools?on_conflict=slug&select=id", {"id": 9, "slug": "knife", "name": "n"},
             f"{IGNORE}, {FULL}"), 201, []),
    Case(Ask("POST /loose", {"line": "b"}, IGNORE), 201, NO_BODY, {"Preference-Applied": None}),
]  # fmt: skip

PUTS = [
    Case(Ask("PUT /pairs?a=eq.3&b=eq.z", key(NEW, note="new")), 204, NO_BODY,
         {"Content-Range": None, "Location": None, "Content-Type": None, "Content-Length": None},
         (PAIRS, [ONE, TWO, NEW])),
    Case(Ask("PUT /pairs?a=eq.3&b=eq.z", key(NEW, note="new"), FULL), 201, [NEW],
         {"Content-Range": None, "Preference-Applied": FULL}),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x", key(ONE, note="new"), FULL), 200, [{**ONE, "note": "new"}], {},
         (PAIRS, [{**ONE, "note": "new"}, TWO])),
    Case(Ask("PUT /pairs?b=eq.x&a=eq.1", [key(ONE, note="new")]), 204, NO_BODY, {},
         (PAIRS, [{**ONE, "note": "new"}, TWO])),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x", key(ONE), FULL), 200, [ONE]),
    # of several rows, the one that the URL names
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x", [key(ONE, note="n"), key(TWO, note="n")], FULL), 200, [{**ONE, "note": "n"}],
         {}, (PAIRS, [{**ONE, "note": "n"}, TWO])),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x&columns=a", key(ONE, note="new"), FULL), 200, [{**ONE, "note": "new"}]),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x&select=note", key(ONE, note="n"), FULL, headers={"Accept": SINGLE}), 200,
         {"note": "n"}),
    Case(Ask("PUT /tools?id=eq.9&select=id,makers(name)", {"id": 9, "name": "saw", "maker_id": 2}, FULL), 201,
         [{"id": 9, "makers": {"name": "Facom"}}]),
    Case(Ask("PUT /tools?id=eq.9", {"id": "9", "name": "saw"}), 204),
    Case(Ask("PUT /tools?id=eq.1&select=id,makers(id)&makers.name=eq.x", {"id": 1, "name": "n"}, FULL), 200,
         [{"id": 1, "makers": None}]),
    Case(Ask("PUT /coded?code=eq.C-8", {"code": "C-8", "label": "n"}, FULL), 201, [{"code": "C-8", "label": "n"}]),
    Case(Ask("PUT /costly?id=eq.3", {"id": 3, "name": "new", "price": 200}, FULL), 200,
         [{"id": 3, "name": "new", "price": 200.00}]),
    Case(Ask("PUT /pairs?a=eq.3&b=eq.z", key(NEW), f"return=headers-only, {IGNORE}"), 204, NO_BODY,
         {"Location": None, "Preference-Applied": "return=headers-only"}),
    Case(Ask("PUT /pairs?a=eq.3&b=eq.z", "a=3&b=z",
             headers={"Content-Type": "application/x-www-form-urlencoded"}), 204),
]  # fmt: skip


@pytest.mark.parametrize("case", [*MERGES, *IGNORES, *PUTS], ids=lambda case: case.name)
async def test_rows_that_may_exist(atelier: Atelier, case: Case) -> None:
    await check(case, atelier)


FILTERS = {
    "code": "PGRST105",
    "message": "Filters must include all and only primary key columns with 'eq' operators",
    "details": None,
    "hint": None,
}
MISMATCH = {
    "code": "PGRST115",
    "message": "Payload values do not match URL in primary key column(s)",
    "details": None,
    "hint": None,
}
NO_RANGE = {"code": "PGRST114", "message": "limit/offset querystring parameters are not allowed for PUT"}

REFUSALS = [
    Case(Ask("POST /pairs", [key(NEW), key(NEW)], MERGE), 500, {"code": "21000"}),
    Case(Ask("POST /pairs?on_conflict=note", key(NEW), MERGE), 400, {"code": "42P10"}),
    Case(Ask("POST /pairs?on_conflict=nothing", key(NEW), MERGE), 400, {"code": "42703"}),
    Case(Ask("POST /pairs?on_conflict=", key(NEW), MERGE), 400, {"code": "PGRST100"}),
    Case(Ask("POST /tools?on_conflict=slug", {"id": 1, "slug": "other", "name": "n"}, MERGE), 409, {"code": "23505"}),
    Case(Ask("PUT /pairs?a=eq.1", key(ONE)), 405, FILTERS),
    Case(Ask("PUT /pairs", key(ONE)), 405, FILTERS),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x&note=eq.one", key(ONE)), 405, FILTERS),
    Case(Ask("PUT /pairs?a=eq.1&b=gt.x", key(ONE)), 405, FILTERS),
    Case(Ask("PUT /pairs?a=not.eq.1&b=eq.x", key(ONE)), 405, FILTERS),
    Case(Ask("PUT /pairs?a=eq(any).{1}&b=eq.x", key(ONE)), 405, FILTERS),
    Case(Ask("PUT /pairs?and=(a.eq.1,b.eq.x)", key(ONE)), 405, FILTERS),
    Case(Ask("PUT /loose?line=eq.a", {"line": "a"}), 405, FILTERS),
    Case(Ask("PUT /tools?makers.id=eq.1&select=makers(id)", {"id": 1, "name": "n"}), 405, FILTERS),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x&limit=1", key(ONE)), 400, NO_RANGE),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x&offset=1", key(ONE)), 400, NO_RANGE),
    Case(Ask("PUT /pairs?a=eq.3&b=eq.z", key(ONE)), 400, MISMATCH),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x", {"a": 1, "note": "n"}), 400, MISMATCH),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x", {}), 400, MISMATCH),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x", []), 400, MISMATCH),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x", ""), 400, unreadable("Empty or invalid json")),
    Case(Ask("PUT /pairs?a=eq.1&b=eq.x", key(ONE, c=1)), 400, {"code": "PGRST204"}),
    Case(Ask("PUT /nowhere?a=eq.1", {"a": 1}), 404, {"code": "PGRST205"}),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
async def test_refusals(atelier: Atelier, case: Case) -> None:
    await check(case, atelier)
