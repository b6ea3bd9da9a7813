"""PATCH and DELETE of tables: which rows change, what comes back, and what is there afterwards."""

from __future__ import annotations

import pytest

from tests.rest.writes.asking import FULL, SINGLE, Ask, Atelier
from tests.rest.writes.cases import NO_BODY, Case, check
from tests.rest.writes.test_inserts_over_http import not_one, pgrst204, unreadable

JSON = "application/json; charset=utf-8"
CSV = {"Content-Type": "text/csv"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NOTES = "SELECT a, note, number FROM shop.pairs ORDER BY a"
NAMES = "SELECT id, name FROM shop.tools ORDER BY id"
NO_CONTENT = {"Content-Type": None, "Content-Length": None, "Location": None}
STRICT_TWO = "handling=strict, max-affected=2"


def notes(*rows: tuple[int, str | None, int | None]) -> tuple[str, list[dict[str, object]]]:
    return NOTES, [{"a": a, "note": note, "number": number} for a, note, number in rows]


def names(*rows: tuple[int, str]) -> tuple[str, list[dict[str, object]]]:
    return NAMES, [{"id": key, "name": name} for key, name in rows]


ONE, TWO = (1, "one", 1), (2, "two", 2)
KNIFE, SPANNER, LATHE = (1, "knife"), (2, "spanner"), (3, "lathe")

UPDATES = [
    Case(Ask("PATCH /pairs?a=eq.1", {"note": "new"}), 204, NO_BODY, {**NO_CONTENT, "Content-Range": "0-0/*"},
         notes((1, "new", 1), TWO)),
    Case(Ask("PATCH /pairs", {"note": "new"}), 204, NO_BODY, {"Content-Range": "0-1/*"},
         notes((1, "new", 1), (2, "new", 2))),
    Case(Ask("PATCH /pairs?a=eq.9", {"note": "new"}), 204, NO_BODY, {"Content-Range": "*/*"}, notes(ONE, TWO)),
    Case(Ask("PATCH /pairs?a=eq.9", {"note": "new"}, FULL), 200, [], {"Content-Range": "*/*"}),
    Case(Ask("PATCH /pairs?a=eq.9", {"note": "new"}, "count=exact"), 204, NO_BODY, {"Content-Range": "*/0"}),
    Case(Ask("PATCH /pairs", {"note": "new"}, "count=exact"), 204, NO_BODY, {"Content-Range": "0-1/2"}),
    Case(Ask("PATCH /pairs?a=eq.1&b=eq.y", {"note": "new"}), 204, NO_BODY, {}, notes(ONE, TWO)),
    Case(Ask("PATCH /pairs?or=(a.eq.1,b.eq.y)&note=neq.one", {"note": "new"}), 204, NO_BODY, {},
         notes(ONE, (2, "new", 2))),
    Case(Ask("PATCH /pairs?not.and=(a.eq.1,b.eq.x)", {"note": "new"}), 204, NO_BODY, {}, notes(ONE, (2, "new", 2))),
    Case(Ask("PATCH /tools?tags=cs.{sharp}&meta->>steel=eq.carbon", {"name": "new"}), 204, NO_BODY, {},
         names((1, "new"), SPANNER, LATHE)),
    # the column that is set is also the one that selects
    Case(Ask("PATCH /pairs?note=eq.one&select=note", {"note": "new"}, FULL), 200, [{"note": "new"}]),
    Case(Ask("PATCH /pairs?a=eq.1", {"a": 5, "b": "w"}, FULL), 200, [{"a": 5, "b": "w", "note": "one", "number": 1}]),
    Case(
        Ask("PATCH /tools?id=eq.1&select=id,name,makers(name)", {"maker_id": 2}, FULL),
        200,
        [{"id": 1, "name": "knife", "makers": {"name": "Facom"}}],
        {"Content-Type": JSON, "Preference-Applied": FULL, "Content-Profile": "shop", "Content-Location": None},
    ),
    Case(Ask("PATCH /makers?id=eq.1&select=name,tools(name)&tools.name=eq.knife", {"name": "new"}, FULL), 200,
         [{"name": "new", "tools": [{"name": "knife"}]}]),
    Case(Ask("PATCH /tools?select=id&order=id.desc&id=lt.3", {"state": "used"}, FULL), 200, [{"id": 2}, {"id": 1}]),
    # limit and offset mean nothing here
    Case(Ask("PATCH /pairs?limit=1&offset=1&select=a&order=a", {"note": "n"}, FULL), 200, [{"a": 1}, {"a": 2}]),
    # bodies
    Case(Ask("PATCH /pairs?a=eq.1", {}), 204, NO_BODY, {"Content-Range": "*/*"}, notes(ONE, TWO)),
    Case(Ask("PATCH /pairs?a=eq.1", [], FULL), 200, [], {}, notes(ONE, TWO)),
    Case(Ask("PATCH /pairs?a=eq.1", [{}], FULL), 200, [], {}, notes(ONE, TWO)),
    Case(Ask("PATCH /tools?select=id,makers(name)", {}, FULL), 200, []),
    Case(Ask("PATCH /pairs?a=eq.1", [{"note": "new"}]), 204, NO_BODY, {}, notes((1, "new", 1), TWO)),
    Case(Ask("PATCH /pairs?a=eq.1", {"note": None}), 204, NO_BODY, {}, notes((1, None, 1), TWO)),
    Case(Ask("PATCH /pairs?a=eq.1", "note\nnew", headers=CSV), 204, NO_BODY, {}, notes((1, "new", 1), TWO)),
    Case(Ask("PATCH /pairs?a=eq.1", "note=new+one", headers=FORM), 204, NO_BODY, {}, notes((1, "new one", 1), TWO)),
    Case(Ask("PATCH /pairs?a=eq.1&columns=note", {"note": "new", "number": 99, "nonsense": 1}), 204, NO_BODY, {},
         notes((1, "new", 1), TWO)),
    Case(Ask("PATCH /pairs?a=eq.1&columns=note,number", {"note": "new"}), 204, NO_BODY, {},
         notes((1, "new", None), TWO)),
    Case(Ask("PATCH /pairs?a=eq.1&columns=note,number", {"note": "new"}, "missing=default"), 204, NO_BODY,
         {"Preference-Applied": "missing=default"}, notes((1, "new", 7), TWO)),
    Case(Ask("PATCH /costly?id=eq.3", {"name": "new"}), 204, NO_BODY, {}, names(KNIFE, SPANNER, (3, "new"))),
    Case(Ask("PATCH /costly?id=eq.1", {"name": "new"}), 204, NO_BODY, {"Content-Range": "*/*"},
         names(KNIFE, SPANNER, LATHE)),
    Case(Ask("PATCH /coded?code=eq.C-7", {"code": "C-8"}, FULL), 200, [{"code": "C-8", "label": "seven"}]),
    Case(Ask("PATCH /coded?code=in.(C-7,C-8)&select=label", {"label": "new"}, FULL), 200, [{"label": "new"}]),
    Case(Ask("PATCH /Bo%C3%AEte%20n%C2%B0%201?%22cl%C3%A9,%20une%22=eq.1", {"or": "new"}, FULL), 200,
         [{"clé, une": 1, "or": "new", 'a"b': "quoted"}]),
    # headers-only is minimal
    Case(Ask("PATCH /pairs?a=eq.1", {"note": "new"}, "return=headers-only"), 204, NO_BODY,
         {**NO_CONTENT, "Preference-Applied": "return=headers-only"}),
    # one object
    Case(Ask("PATCH /pairs?a=eq.1&select=note", {"note": "new"}, FULL, headers={"Accept": SINGLE}), 200,
         {"note": "new"}),
    Case(Ask("PATCH /pairs?a=eq.1", {"note": "new"}, headers={"Accept": SINGLE}), 204, NO_BODY),
    # limits
    Case(Ask("PATCH /pairs", {"note": "n"}, STRICT_TWO), 204, NO_BODY,
         {"Preference-Applied": "handling=strict, max-affected=2"}),
    Case(Ask("PATCH /pairs", {"note": "n"}, "max-affected=1"), 204, NO_BODY, {"Preference-Applied": None}),
    Case(Ask("PATCH /pairs", {"note": "n"}, "handling=lenient, max-affected=1"), 204, NO_BODY,
         {"Preference-Applied": "handling=lenient"}),
    Case(Ask("PATCH /pairs", {"note": "n"}, "handling=strict, max-affected=few"), 204, NO_BODY,
         {"Preference-Applied": "handling=strict"}),
]  # fmt: skip

DELETES = [
    Case(Ask("DELETE /pairs?a=eq.1"), 204, NO_BODY, {**NO_CONTENT, "Content-Range": "*/*"}, notes(TWO)),
    Case(Ask("DELETE /pairs"), 204, NO_BODY, {}, notes()),
    Case(Ask("DELETE /pairs?a=eq.9"), 204, NO_BODY, {"Content-Range": "*/*"}, notes(ONE, TWO)),
    Case(Ask("DELETE /pairs?a=eq.9", prefer=FULL), 200, [], {"Content-Type": JSON, "Content-Range": "*/*"}),
    Case(Ask("DELETE /pairs", prefer="count=exact"), 204, NO_BODY, {"Content-Range": "*/2"}, notes()),
    Case(Ask("DELETE /pairs?a=eq.1", prefer=f"{FULL}, count=exact"), 200,
         [{"a": 1, "b": "x", "note": "one", "number": 1}], {"Content-Range": "*/1"}),
    Case(Ask("DELETE /tools?id=eq.1&select=name,makers(name)", prefer=FULL), 200,
         [{"name": "knife", "makers": {"name": "Opinel"}}], {}, names(SPANNER, LATHE)),
    # what cascades away is still seen by the statement that removed it
    Case(Ask("DELETE /tools?id=eq.1&select=holdings(owner_id)&holdings.order=owner_id", prefer=FULL), 200,
         [{"holdings": [{"owner_id": 1}, {"owner_id": 2}]}], {},
         ("SELECT tool_id FROM shop.holdings", [{"tool_id": 2}])),
    Case(Ask("DELETE /tools?select=id&order=id.desc&id=gt.1&limit=1", prefer=FULL), 200, [{"id": 3}, {"id": 2}]),
    Case(Ask("DELETE /pairs?a=eq.1", prefer="return=headers-only"), 204, NO_BODY, {"Location": None}, notes(TWO)),
    Case(Ask("DELETE /pairs?or=(a.eq.1,and(a.gt.1,b.eq.z))"), 204, NO_BODY, {}, notes(TWO)),
    Case(Ask("DELETE /costly"), 204, NO_BODY, {}, names(KNIFE, SPANNER)),
    Case(Ask("DELETE /coded?code=eq.C-7", prefer=FULL), 200, [{"code": "C-7", "label": "seven"}]),
    Case(Ask("DELETE /pairs?a=eq.1&select=a", prefer=FULL, headers={"Accept": SINGLE}), 200, {"a": 1}),
    Case(Ask("DELETE /pairs?a=eq.1", headers={"Accept": SINGLE}), 204, NO_BODY, {}, notes(TWO)),
    # a body, as supabase-js announces one, is not read
    Case(Ask("DELETE /pairs?a=eq.1", "{not json"), 204, NO_BODY, {}, notes(TWO)),
    Case(Ask("DELETE /pairs?a=eq.1", "x", headers={"Content-Type": "text/plain"}), 204, NO_BODY, {}, notes(TWO)),
    Case(Ask("DELETE /pairs", prefer=STRICT_TWO), 204, NO_BODY,
         {"Preference-Applied": "handling=strict, max-affected=2"}, notes()),
]  # fmt: skip


@pytest.mark.parametrize("case", [*UPDATES, *DELETES], ids=lambda case: case.name)
async def test_changes(atelier: Atelier, case: Case) -> None:
    await check(case, atelier)


TOO_MANY = {
    "code": "PGRST124",
    "message": "Query result exceeds max-affected preference constraint",
    "details": "The query affects 3 rows",
    "hint": None,
}

REFUSALS = [
    Case(Ask("PATCH /pairs?a=eq.1", ""), 400, unreadable("Empty or invalid json")),
    Case(Ask("PATCH /pairs?a=eq.1", {"notes": 1}), 400, pgrst204("notes", "pairs")),
    Case(Ask("PATCH /pairs?c=eq.1", {"note": 1}), 400, {"code": "42703"}),
    Case(Ask("DELETE /pairs?c=eq.1"), 400, {"code": "42703"}),
    Case(Ask("DELETE /pairs?a=eq.x"), 400, {"code": "22P02"}),
    Case(Ask("DELETE /pairs?a.b=eq.x"), 400, {"code": "PGRST108"}),
    Case(Ask("PATCH /pairs", {"a": 1, "b": "x"}), 409, {"code": "23505"}),
    Case(Ask("PATCH /tools?id=eq.1", {"twice": 3}), 400, {"code": "428C9"}),
    Case(Ask("PATCH /tools?id=eq.1", {"maker_id": 9}), 409, {"code": "23503"}),
    Case(Ask("PATCH /costly?id=eq.3", {"price": 1}), 400, {"code": "44000"}),
    Case(Ask("DELETE /makers?id=eq.1"), 409, {"code": "23503",
         "details": 'Key (id)=(1) is still referenced from table "tools".'}),
    Case(Ask("DELETE /prices"), 500, {"code": "55000"}),
    Case(Ask("DELETE /nowhere"), 404, {"code": "PGRST205"}),
    Case(Ask("PATCH /pairs", {"note": "n"}, headers={"Accept": SINGLE}), 406, not_one(2)),
    Case(Ask("PATCH /pairs", {"note": "n"}, FULL, headers={"Accept": SINGLE}), 406, not_one(2)),
    Case(Ask("PATCH /pairs?a=eq.9", {"note": "n"}, headers={"Accept": SINGLE}), 406, not_one(0)),
    Case(Ask("DELETE /pairs", headers={"Accept": SINGLE}), 406, not_one(2)),
    Case(Ask("DELETE /pairs?a=eq.9", headers={"Accept": SINGLE}), 406, not_one(0)),
    Case(Ask("PATCH /tools", {"state": "used"}, STRICT_TWO), 400, TOO_MANY),
    Case(Ask("PATCH /tools", {"state": "used"}, f"{STRICT_TWO}, {FULL}"), 400, TOO_MANY),
    Case(Ask("DELETE /tools", prefer=STRICT_TWO), 400, TOO_MANY),
    Case(Ask("PATCH /pairs", {"note": "n"}, "handling=strict, max-affected=0"), 400,
         {"details": "The query affects 2 rows"}),
    Case(Ask("PATCH /pairs", {"note": "n"}, headers={"Accept": "application/x"}), 406, {"code": "PGRST107"}),
    Case(Ask("DELETE /pairs", headers={"Accept": "application/x"}), 406, {"code": "PGRST107"}),
    Case(Ask("DELETE /pairs", prefer="handling=strict, a=b, c"), 400, {"details": "Invalid preferences: a=b, c"}),
    Case(Ask("DELETE /"), 405, {"code": "PGRST117"}),
    Case(Ask("DELETE /rpc/none"), 405, {"code": "PGRST101", "message": "Cannot use the DELETE method on RPC"}),
    Case(Ask("PATCH /rpc/none", {}), 405, {"code": "PGRST101"}),
    Case(Ask("PUT /rpc/none", {}), 405, {"code": "PGRST101"}),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
async def test_refusals(atelier: Atelier, case: Case) -> None:
    await check(case, atelier)
