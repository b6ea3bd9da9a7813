"""Writes reach the rows that policies and grants allow, and nothing says more about the others."""

from __future__ import annotations

import pytest

from tests.rest.writes.asking import FULL, OMAR, Ask, Atelier
from tests.rest.writes.cases import NO_BODY, Case, check
from tests.serving import token

MINE = "SELECT id, line FROM shop.notes WHERE owner = 'ines' ORDER BY id"
UNTOUCHED = "SELECT id, owner, line FROM shop.notes WHERE owner = 'omar' ORDER BY id"
HIS = [{"id": 2, "owner": "omar", "line": "his"}, {"id": 3, "owner": "omar", "line": "for all"}]
VIOLATES = 'new row violates row-level security policy for table "notes"'


def note(key: int, owner: str = "ines", **more: object) -> dict[str, object]:
    return {"id": key, "owner": owner, **more}


ROWS = [
    Case(Ask("POST /notes", note(9)), 201, NO_BODY, {}, (UNTOUCHED, HIS)),
    Case(Ask("POST /notes?select=id", note(9), FULL), 201, [{"id": 9}]),
    Case(Ask("POST /notes", note(9, "omar")), 403, {"code": "42501", "message": VIOLATES, "details": None}),
    Case(Ask("POST /notes", [note(9), note(10, "omar")]), 403, {"code": "42501"}),
    Case(Ask("POST /notes", note(9), bearer=None), 401, {"code": "42501"}),
    # rows that are not theirs: not there
    Case(Ask("PATCH /notes?id=eq.2", {"line": "mine now"}), 204, NO_BODY, {"Content-Range": "*/*"}, (UNTOUCHED, HIS)),
    Case(Ask("PATCH /notes?id=eq.2", {"line": "mine now"}, f"{FULL}, count=exact"), 200, [],
         {"Content-Range": "*/0"}, (UNTOUCHED, HIS)),
    # a row that may be read but not changed
    Case(Ask("PATCH /notes?id=eq.3", {"line": "mine now"}, FULL), 200, [], {}, (UNTOUCHED, HIS)),
    Case(Ask("DELETE /notes?id=eq.2"), 204, NO_BODY, {"Content-Range": "*/*"}, (UNTOUCHED, HIS)),
    Case(Ask("DELETE /notes?id=eq.3", prefer=FULL), 200, [], {}, (UNTOUCHED, HIS)),
    Case(Ask("DELETE /notes", prefer="count=exact"), 204, NO_BODY, {"Content-Range": "*/2"}, (UNTOUCHED, HIS)),
    Case(Ask("DELETE /notes"), 204, NO_BODY, {}, (MINE, [])),
    Case(Ask("PATCH /notes", {"line": "new"}), 204, NO_BODY, {"Content-Range": "0-1/*"}, (UNTOUCHED, HIS)),
    Case(Ask("PATCH /notes?or=(id.eq.2,line.not.is.null)&select=id&order=id", {"line": "x"}, FULL), 200,
         [{"id": 1}, {"id": 4}], {}, (UNTOUCHED, HIS)),
    # giving a row away
    Case(Ask("PATCH /notes?id=eq.1", {"owner": "omar"}), 403, {"code": "42501", "message": VIOLATES}),
    # over a row one may not see
    Case(Ask("POST /notes", note(2, line="over"), "resolution=merge-duplicates"), 403, {"code": "42501"}),
    Case(Ask("POST /notes", note(3, line="over"), "resolution=merge-duplicates"), 403, {"code": "42501"}),
    Case(Ask("POST /notes", note(2, line="over"), f"resolution=ignore-duplicates, {FULL}"), 201, [], {},
         (UNTOUCHED, HIS)),
    Case(Ask("PUT /notes?id=eq.2", note(2, line="over")), 403, {"code": "42501"}),
    Case(Ask("PUT /notes?id=eq.1", note(1, line="over"), FULL), 200,
         [{"id": 1, "owner": "ines", "line": "over", "shared": False}]),
    Case(Ask("POST /notes", note(2)), 409, {"code": "23505", "details": None}),
    Case(Ask("POST /notes?select=id", note(9, "omar"), FULL, bearer=OMAR), 201, [{"id": 9}]),
    Case(Ask("DELETE /notes?id=eq.2&select=id", prefer=FULL, bearer=OMAR), 200, [{"id": 2}]),
]  # fmt: skip

COLUMNS = [
    # minimal needs no right to read
    Case(Ask("POST /letterbox", {"id": 2, "line": "new"}), 201, NO_BODY),
    Case(Ask("POST /letterbox", [{"id": 2}, {"id": 3}], "return=minimal, count=exact"), 201, NO_BODY,
         {"Content-Range": "*/2"}),
    Case(Ask("PATCH /letterbox", {"line": "new"}), 204, NO_BODY),
    Case(Ask("DELETE /letterbox"), 204, NO_BODY),
    Case(Ask("POST /letterbox", {"id": 2}, FULL), 403, {"code": "42501"}),
    Case(Ask("POST /letterbox?select=id", {"id": 2}, FULL), 403, {"code": "42501"}),
    Case(Ask("POST /letterbox", {"id": 2}, "return=headers-only"), 403, {"code": "42501"}),
    # what a filter looks at must be readable
    Case(Ask("PATCH /letterbox?id=eq.1", {"line": "new"}), 403, {"code": "42501"}),
    Case(Ask("DELETE /letterbox?id=eq.1"), 403, {"code": "42501"}),
    Case(Ask("POST /letterbox", {"id": 1}, "resolution=merge-duplicates"), 403, {"code": "42501"}),
    # columns
    Case(Ask("POST /partly", {"id": 2, "open": "x"}), 201, NO_BODY),
    Case(Ask("POST /partly?select=id,open", {"id": 2, "open": "x"}, FULL), 201, [{"id": 2, "open": "x"}]),
    Case(Ask("POST /partly", {"id": 2, "open": "x"}, "return=headers-only"), 403, {"code": "42501"}),
    Case(Ask("POST /partly?select=id", {"id": 2, "open": "x"}, "return=headers-only"), 201, NO_BODY,
         {"Location": "/partly?id=eq.2"}),
    Case(Ask("POST /partly", {"id": 2, "open": "x"}, FULL), 403, {"code": "42501"}),
    Case(Ask("POST /partly", {"id": 2, "closed": "x"}), 403, {"code": "42501"}),
    Case(Ask("POST /partly?columns=id,closed", {"id": 2, "closed": "x"}), 403, {"code": "42501"}),
    Case(Ask("PATCH /partly?id=eq.1", {"open": "x"}), 204, NO_BODY),
    Case(Ask("PATCH /partly?id=eq.1", {"closed": "x"}), 403, {"code": "42501"}),
    Case(Ask("PATCH /partly?id=eq.1", {"id": 5}), 403, {"code": "42501"}),
    Case(Ask("PATCH /partly?closed=eq.secret", {"open": "x"}), 403, {"code": "42501"}),
    Case(Ask("DELETE /partly?closed=like.s*"), 403, {"code": "42501"}),
    Case(Ask("DELETE /partly?id=eq.1&select=id", prefer=FULL), 200, [{"id": 1}]),
    Case(Ask("DELETE /partly?id=eq.1&select=closed", prefer=FULL), 403, {"code": "42501"}),
    Case(Ask("PUT /partly?id=eq.1", {"id": 1, "open": "x"}), 403, {"code": "42501"}),
    # no rights at all
    Case(Ask("POST /loose", {"line": "b"}, bearer=None), 401,
         {"code": "42501", "message": "permission denied for table loose"}, {"WWW-Authenticate": "Bearer"}),
    Case(Ask("PATCH /loose", {"line": "b"}, bearer=None), 401, {"code": "42501"}),
    Case(Ask("DELETE /loose", bearer=None), 401, {"code": "42501"}),
    Case(Ask("PATCH /loose", {}, bearer=None), 204, NO_BODY),
]  # fmt: skip


@pytest.mark.parametrize("case", [*ROWS, *COLUMNS], ids=lambda case: case.name)
async def test_writes_reach_what_is_allowed(atelier: Atelier, case: Case) -> None:
    await check(case, atelier)


async def test_a_role_that_may_not_be_assumed(atelier: Atelier) -> None:
    stranger = token("atelier_stranger", sub="ines")
    await check(Case(Ask("POST /notes", note(9), bearer=stranger), 403, {"code": "42501"}), atelier)
    nobody = token("atelier_nobody", sub="ines")
    await check(Case(Ask("POST /notes", note(9), bearer=nobody), 401, {"code": "22023"}), atelier)
