"""What a write's transaction is told, how it ends, and what code within it may say about the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rest.writes.asking import FULL, HURRIED, INES, SETTINGS, SINGLE, STRICT, Ask, Atelier
from tests.rest.writes.cases import NO_BODY, Case, assert_answer, check
from tests.rest.writes.test_inserts_over_http import not_one
from tests.serving import start_gateway, stop_gateway

PAIR = {"a": 3, "b": "z"}
ROLLBACK, COMMIT = "tx=rollback", "tx=commit"

ENDS: list[tuple[str, str | None, bool]] = [
    ("commits", None, True),
    ("commits", COMMIT, True),
    ("commits", ROLLBACK, False),
    ("undoes", None, False),
    ("undoes", COMMIT, True),
    ("undoes", ROLLBACK, False),
]
WRITES = [
    Ask("POST /pairs?select=a", PAIR),
    Ask("PATCH /pairs?select=a&a=eq.1", {"note": "new"}),
    Ask("PUT /pairs?select=a&a=eq.3&b=eq.z", PAIR),
    Ask("DELETE /pairs?select=a&a=eq.1"),
    Ask("POST /rpc/append", {"line": "b", "number": 3}),
]


@pytest.mark.parametrize("write", WRITES, ids=lambda ask: ask.do)
@pytest.mark.parametrize(("gateway", "prefer", "kept"), ENDS, ids=str)
async def test_ends(atelier: Atelier, write: Ask, gateway: str, prefer: str | None, kept: bool) -> None:
    before = await atelier.everything()
    asked = Ask(write.do, write.body, ", ".join(filter(None, [FULL, prefer])))
    answer = await asked.to(getattr(atelier, gateway))
    assert answer.status in (200, 201)
    assert answer.json
    applied = answer.headers.get("Preference-Applied", "").split(", ")
    assert (prefer in applied) == (prefer is not None)
    assert (await atelier.everything() != before) == kept


async def test_without_an_override_the_preference_is_not_applied(atelier: Atelier) -> None:
    """Asked of a gateway whose setting is plain `commit`."""
    plain = await start_gateway(atelier.commits.gateway.settings.database_url.get_secret_value(), **SETTINGS)
    try:
        answer = await Ask("POST /pairs", PAIR, f"{ROLLBACK}, handling=strict").to(plain)
        assert (answer.status, answer.headers["Preference-Applied"]) == (201, "handling=strict")
        assert await atelier.rows("SELECT a FROM shop.pairs WHERE a = 3") == [{"a": 3}]
    finally:
        await stop_gateway(plain)


@pytest.mark.parametrize("prefer", [COMMIT, ROLLBACK])
async def test_deferred_constraints_are_checked_however_it_ends(atelier: Atelier, prefer: str) -> None:
    case = Case(Ask("POST /chained", {"id": 2, "next": 99}, f"{prefer}, {FULL}"), 409, {"code": "23503"})
    await check(case, atelier)
    good = [{"id": 2, "next": 3}, {"id": 3, "next": 2}]
    await check(Case(Ask("POST /chained", good, f"{prefer}, {FULL}"), 201, good), atelier)


async def test_a_refused_single_object_is_undone_on_all_gateways(atelier: Atelier) -> None:
    for prefer in (None, COMMIT):
        await check(Case(Ask("DELETE /pairs", prefer=prefer, headers={"Accept": SINGLE}), 406, not_one(2)), atelier)


PREFERENCES: list[tuple[Ask, str | None]] = [
    (Ask("POST /pairs", PAIR, "max-affected=9,timezone=UTC , handling=lenient,count=exact,tx=commit,return=minimal"
         ",missing=null,resolution=ignore-duplicates"),
     ("resolution=ignore-duplicates, missing=null, return=minimal, count=exact, tx=commit, handling=lenient, "
      "timezone=UTC")),
    (Ask("PATCH /pairs", {"note": "n"}, "handling=strict, max-affected=9, resolution=merge-duplicates, "
         "missing=default, return=headers-only, count=estimated"),
     "missing=default, return=headers-only, count=estimated, handling=strict, max-affected=9"),
    (Ask("DELETE /pairs", None, "missing=default, handling=strict, max-affected=9, resolution=merge-duplicates, "
         "return=minimal"),
     "return=minimal, handling=strict, max-affected=9"),
    (Ask("PUT /pairs?a=eq.3&b=eq.z", PAIR, "missing=default, resolution=merge-duplicates, max-affected=9, "
         "handling=strict, return=minimal"),
     "return=minimal, handling=strict"),
    (Ask("POST /rpc/break_all", {}, "return=minimal, count=exact, max-affected=9, handling=strict, missing=null"),
     "count=exact, handling=strict, max-affected=9"),
    # the first of a kind wins; what nobody knows is ignored
    (Ask("POST /pairs", PAIR, "return=minimal, return=representation, colour=blue, count=none"), "return=minimal"),
    (Ask("POST /pairs", PAIR, "Return=representation, return =minimal, return=Minimal"), None),
    (Ask("POST /pairs", PAIR, ",, ,"), None),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "applied"), PREFERENCES, ids=lambda value: getattr(value, "name", ""))
async def test_preferences_are_echoed_in_order(atelier: Atelier, ask: Ask, applied: str | None) -> None:
    answer = await ask.to(atelier.commits)
    assert answer.status < 300, answer.body
    assert answer.headers.get("Preference-Applied") == applied


async def test_triggers_see_the_request(atelier: Atelier) -> None:
    headers = {"X-Agent": "curl", "Cookie": "crumb=tea; other=1"}
    answer = await Ask("POST /watched?select=seen", {"id": 2}, f"{FULL}, timezone=Asia/Tokyo", headers=headers).to(
        atelier.commits
    )
    assert answer.json == [
        {
            "seen": {
                "method": "POST",
                "path": "/rest/v1/watched",
                "agent": "curl",
                "crumb": "tea",
                "sub": "ines",
                "role": "atelier_member",
                "zone": "Asia/Tokyo",
                "schema": "shop",
                "app": "measure twice",
            }
        }
    ]
    changed = await Ask("PATCH /watched?select=seen&id=eq.1", {"wish": "x"}, FULL).to(atelier.commits)
    seen = changed.json[0]["seen"]
    zone = await atelier.connection.fetchval("SHOW timezone")
    assert (seen["method"], seen["agent"], seen["crumb"], seen["zone"]) == ("PATCH", None, None, zone)


async def test_an_unknown_timezone_is_refused(atelier: Atelier) -> None:
    await check(Case(Ask("POST /pairs", PAIR, "timezone=Mars/Olympus"), 400, {"code": "22023"}), atelier)


def wish(text: str, method: str = "POST", prefer: str | None = None) -> Ask:
    if method == "POST":
        return Ask("POST /watched?select=id", {"id": 2, "wish": text}, prefer)
    return Ask("PATCH /watched?select=id&id=eq.1", {"wish": text}, prefer)


COOKIES = '[{"Set-Cookie": "a=1"}, {"Set-Cookie": "b=2"}, {"X-More": "é"}]'
ANSWERS = [
    Case(wish("status 418"), 418, NO_BODY, {"Content-Range": "*/*"}),
    Case(wish("status 202", "PATCH"), 202, NO_BODY),
    Case(wish("status 299", "PATCH", FULL), 299, [{"id": 1}]),
    Case(wish('headers [{"X-One": "1"}, {"content-range": "7"}]'), 201, NO_BODY, {"X-One": "1", "Content-Range": "7"}),
    Case(wish('headers [{"Location": "/elsewhere"}]', prefer="return=headers-only"), 201, NO_BODY,
         {"Location": "/elsewhere"}),
    Case(wish('headers [{"Content-Type": "application/x-own"}]', prefer=FULL), 201, b'[{"id":2}]',
         {"Content-Type": "application/x-own"}),
    Case(wish("headers []"), 201, NO_BODY),
    Case(wish("skip"), 201, NO_BODY, {"Content-Range": "*/*"}),
    Case(wish("skip", prefer=f"{FULL}, count=exact"), 201, [], {"Content-Range": "*/0"}),
    Case(wish("skip", "PATCH", FULL), 200, []),
    Case(Ask("POST /rpc/answer", {"status": "207", "headers": '[{"X-One": "1"}]'}), 207, "done", {"X-One": "1"}),
    Case(Ask("POST /rpc/answer", {}), 200, "done"),
]  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: case.name)
async def test_sql_may_change_the_answer(atelier: Atelier, case: Case) -> None:
    await check(case, atelier)


async def test_a_header_may_come_twice(atelier: Atelier) -> None:
    answer = await wish(f"headers {COOKIES}").to(atelier.commits)
    assert answer.status == 201
    assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]  # pyright: ignore[reportAttributeAccessIssue]


HEADERS_WRONG = {
    "code": "PGRST111",
    "message": "response.headers guc must be a JSON array composed of objects with a single key and a string value",
}
STATUS_WRONG = {"code": "PGRST112", "message": "response.status guc must be a valid status code"}
BAD_ANSWERS = [
    *(
        (wish(f"headers {text}"), HEADERS_WRONG)
        for text in ("{}", '{"a": "b"}', '[{"a": 1}]', '[{"a": "b", "c": "d"}]', "[1]", "[{}]", "x", '[{"a\\n": "b"}]',
                     '[{"a": "b\\r\\nX: y"}]')
    ),
    *((wish(f"status {text}"), STATUS_WRONG) for text in ("x", "99", "1000", "20x", "-1", "200 OK")),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "error"), BAD_ANSWERS, ids=lambda value: getattr(value, "name", ""))
async def test_what_sql_says_badly_is_an_error(atelier: Atelier, ask: Ask, error: dict[str, str]) -> None:
    assert_answer(Case(ask, 500, error), await ask.to(atelier.commits))


SETTINGS_OF_ROLES = [
    Case(Ask("POST /rpc/isolation", {}), 200, "read committed"),
    Case(Ask("POST /rpc/isolation", {}, bearer=STRICT), 200, "serializable"),
    Case(Ask("POST /rpc/isolation_repeatable", {}), 200, "repeatable read"),
    Case(Ask("POST /rpc/isolation_repeatable", {}, bearer=STRICT), 200, "repeatable read"),
    Case(Ask("POST /rpc/setting", {"name": "statement_timeout"}), 200, "0"),
    Case(Ask("POST /rpc/setting", {"name": "statement_timeout"}, bearer=HURRIED), 200, "150ms"),
    Case(Ask("POST /rpc/setting", {"name": "lock_timeout"}, bearer=HURRIED), 200, "50ms"),
    Case(Ask("POST /rpc/setting_here", {}), 200, "5MB"),
    Case(Ask("POST /rpc/setting", {"name": "app.settings.motto"}), 200, "measure twice"),
    Case(Ask("POST /rpc/setting", {"name": "search_path"}, headers={"Content-Profile": "shop"}), 200,
         '"shop", "public"'),
    Case(Ask("POST /rpc/setting", {"name": "transaction_read_only"}), 200, "off"),
    Case(Ask("POST /rpc/setting", {"name": "request.method"}), 200, "POST"),
    Case(Ask("POST /rpc/setting", {"name": "role"}, bearer=INES), 200, "atelier_member"),
    Case(Ask("POST /rpc/nap_briefly", {"seconds": 5}), 500, {"code": "57014"}),
    Case(Ask("POST /rpc/nap_briefly", {"seconds": 0}), 200, ""),
    Case(Ask("POST /rpc/nap", {"seconds": 5}, bearer=HURRIED), 500,
         {"code": "57014", "message": "canceling statement due to statement timeout"}),
]  # fmt: skip


@pytest.mark.parametrize("case", SETTINGS_OF_ROLES, ids=lambda case: case.name + str(case.body))
async def test_settings_of_roles_and_functions(atelier: Atelier, case: Case) -> None:
    await check(case, atelier)


async def test_no_setting_of_one_request_reaches_the_next(atelier: Atelier) -> None:
    async def setting(name: str, bearer: str = INES) -> Any:
        return (await Ask("POST /rpc/setting", {"name": name}, bearer=bearer).to(atelier.commits)).json

    for _ in range(8):
        await wish("status 202").to(atelier.commits)
        await Ask("DELETE /watched?id=eq.2").to(atelier.commits)
        assert await setting("response.status") in (None, "")
        assert await setting("passerelle.inserted") in (None, "")
        assert await setting("statement_timeout", HURRIED) == "150ms"
        assert await setting("statement_timeout") == "0"


RAISED = {"message": "no", "details": "why", "hint": "how"}
# Table 6.2 of the compatibility notes; each code raised after something was written.
SQLSTATES = {
    "08000": 503, "08P01": 503, "09000": 500, "0L000": 403, "0P000": 403, "21000": 500, "22000": 400, "22012": 400,
    "22023": 400, "23502": 400, "23503": 409, "23505": 409, "23514": 400, "23P01": 400, "25006": 405, "25001": 500,
    "28000": 403, "28P01": 403, "2D000": 500, "38000": 500, "39000": 500, "3B000": 500, "40000": 500, "40001": 500,
    "40P01": 500, "42501": 403, "42601": 400, "42703": 400, "42883": 404, "42P01": 404, "42P17": 500, "53000": 503,
    "53100": 503, "53200": 503, "53300": 503, "53400": 500, "54000": 500, "54001": 500, "55000": 500, "55P03": 500,
    "57000": 500, "57014": 500, "57P01": 503, "58000": 500, "58P01": 500, "F0000": 500, "HV000": 500, "P0001": 400,
    "P0002": 500, "P0004": 500, "XX000": 500, "XX001": 500, "99999": 400, "ABCDE": 400,
    "PT402": 402, "PT200": 200, "PT599": 599, "PT999": 999, "PTABC": 500, "PT000": 500, "PT100": 500,
}  # fmt: skip


@pytest.mark.parametrize("state", SQLSTATES)
async def test_sqlstates(atelier: Atelier, state: str) -> None:
    before = await atelier.everything()
    ask = Ask("POST /rpc/fail", {"state": state})
    for answer in (await ask.to(atelier.commits), await ask.to(atelier.commits)):
        assert (answer.status, answer.json) == (SQLSTATES[state], {"code": state, **RAISED})
        assert answer.headers["Proxy-Status"] == f"PostgREST; error={state}"
        assert ("Retry-After" in answer.headers) == (answer.status == 503)
    assert await atelier.everything() == before


MESSAGES: list[tuple[str, str, str | None, int]] = [
    ("21000", "UPDATE requires a WHERE clause", INES, 400),
    ("22023", 'role "x" does not exist', INES, 401),
    ("42883", "function xmlagg(x) does not exist", INES, 406),
    ("42501", "permission denied", None, 401),
    ("42501", "permission denied", INES, 403),
]


@pytest.mark.parametrize(("state", "say", "bearer", "status"), MESSAGES)
async def test_messages_that_matter(atelier: Atelier, state: str, say: str, bearer: str | None, status: int) -> None:
    await atelier.connection.execute("GRANT INSERT ON shop.loose TO atelier_anon")
    try:
        answer = await Ask("POST /rpc/fail", {"state": state, "say": say}, bearer=bearer).to(atelier.commits)
    finally:
        await atelier.connection.execute("REVOKE INSERT ON shop.loose FROM atelier_anon")
    assert (answer.status, answer.json["code"]) == (status, state)
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)


async def test_triggers_refuse_in_their_own_words(atelier: Atelier) -> None:
    for method in ("POST", "PATCH"):
        error = {"code": "PT423", "message": "raised", "details": "why", "hint": "how"}
        await check(Case(wish("raise PT423", method), 423, error), atelier)


def fail_in_json(message: object, detail: object) -> Ask:
    texts = [part if isinstance(part, str) or part is None else json.dumps(part) for part in (message, detail)]
    return Ask("POST /rpc/fail_in_json", {"message": texts[0], "detail": texts[1]})


async def test_whole_responses_are_raised(atelier: Atelier) -> None:
    message = {"code": "E1", "message": "closed", "details": "all day", "hint": "come tomorrow"}
    detail = {"status": 423, "headers": {"X-Reason": "holiday"}, "status_text": "Shut"}
    answer = await check(Case(fail_in_json(message, detail), 423, message, {"X-Reason": "holiday"}), atelier)
    assert answer.headers["Proxy-Status"] == "PostgREST; error=E1"
    short = {"code": "E1", "message": "closed"}
    bare = {"status": 200, "headers": {}}
    shown = await fail_in_json(short, bare).to(atelier.commits)
    assert (shown.status, shown.json) == (200, {**short, "details": None, "hint": None})


GOOD_DETAIL = {"status": 400, "headers": {}}
UNREADABLE: list[tuple[Ask, str]] = [
    (fail_in_json("x", GOOD_DETAIL), "Invalid JSON value for MESSAGE: 'x'"),
    (fail_in_json({"code": "E"}, GOOD_DETAIL), "Invalid JSON value for MESSAGE: '{\"code\": \"E\"}'"),
    (fail_in_json({"code": "E", "message": "m"}, "y"), "Invalid JSON value for DETAIL: 'y'"),
    (fail_in_json({"code": "E", "message": "m"}, {"status": 400}),
     "Invalid JSON value for DETAIL: '{\"status\": 400}'"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "details"), UNREADABLE, ids=lambda value: getattr(value, "name", ""))
async def test_responses_raised_badly(atelier: Atelier, ask: Ask, details: str) -> None:
    error = {
        "code": "PGRST121",
        "details": details,
        "message": "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
    }
    await check(Case(ask, 500, error), atelier)
