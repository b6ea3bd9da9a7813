"""Neither SQL nor a request can make an answer that a client or a proxy would read as two."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.attack.wire import Wire, request
from tests.serving import Served

CALL = "/rest/v1/rpc/dressed"


async def dressed(target: Served, headers: str | None, status: str | None) -> list[tuple[int, dict[str, str], bytes]]:
    """The answer to a call that sets these, and to a harmless request behind it on the same connection."""
    wire = await Wire.to(target.url)
    wire.send(request("POST", CALL, body=json.dumps({"headers": headers, "status": status}).encode()))
    answers = [await wire.answer()]
    if answers[0][1].get("connection") != "close":
        wire.send(request("GET", "/rest/v1/things?select=id&id=eq.7"))
        answers.append(await wire.answer())
        assert answers[1][2] == b'[{"id":7}]'
    await wire.close()
    return answers


@pytest.mark.parametrize(
    "status", ["100", "101", "103", "199", "0200", "02000", "2000", "1", "", "20", "٢٠٠", "-200", "200 OK"]
)
async def test_a_status_that_ends_no_exchange_is_refused(target: Served, status: str) -> None:
    answer, *_ = await dressed(target, None, status)
    if status == "":  # as if it had not been set
        assert answer[0] == 200
    else:
        assert (answer[0], json.loads(answer[2])["code"]) == (500, "PGRST112")


@pytest.mark.parametrize("status", ["200", "204", "304", "418", "599", "999"])
async def test_final_statuses_keep_the_connection_in_step(target: Served, status: str) -> None:
    answers = await dressed(target, None, status)
    assert answers[0][0] == int(status)
    assert len(answers) == 2


@pytest.mark.parametrize("status", [None, "204", "304"])
@pytest.mark.parametrize("name", ["Transfer-Encoding", "transfer-encoding", "Content-Length", "CONTENT-LENGTH"])
async def test_sql_does_not_say_where_the_body_ends(target: Served, name: str, status: str | None) -> None:
    value = "chunked" if name.lower().startswith("transfer") else "3"
    answers = await dressed(target, json.dumps([{name: value}]), status)
    assert "transfer-encoding" not in answers[0][1]
    assert answers[0][2] == (b'"HTTP/1.1 200 OK"' if status is None else b"")
    assert len(answers) == 2


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "a\x7fb", "a\x0bb"])
async def test_sql_cannot_add_lines(target: Served, value: str) -> None:
    for headers in ([{"X-Fine": value}], [{f"X{value}": "fine"}]):
        answer, *_ = await dressed(target, json.dumps(headers), None)
        assert (answer[0], json.loads(answer[2])["code"]) == (500, "PGRST111")


@pytest.mark.parametrize(
    "alias",
    ["a\r\nX-Evil: 1\r\n", "a\nb", "a\x7fb", "a\tb", "é\u2028b", "x" * 30_000],
    ids=lambda alias: ascii(alias)[:20],
)
async def test_names_of_a_request_do_not_break_the_answers_headers(target: Served, alias: str) -> None:
    """Aliases come back in a `Warning`."""
    wire = await Wire.to(target.url)
    quoted = quote(f'"{alias}"')
    wire.send(request("GET", f"/rest/v1/things?select=id,{quoted}:things!parent(id)&things.id=eq.1&limit=1"))
    status, headers, body = await wire.answer()
    await wire.close()
    assert (status, list(json.loads(body)[0].values())) == (200, [1, []])
    assert "x-evil" not in headers
    assert all(len(value) < 1000 for value in headers.values())


async def test_a_warning_is_there_for_names_that_it_can_carry(target: Served) -> None:
    answer = await target.get("/things?select=id,kids:things!parent()&things.id=eq.1&limit=1")
    assert "kids" in answer.headers["Warning"]
