"""Rows of tables: a request, the answer it must get, and what must be in the database afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from tests.rest.writes.asking import Ask, Atelier
from tests.serving import Answer

ANYTHING: Final = object()
NO_BODY: Final = b""


@dataclass(frozen=True, slots=True)
class Case:
    """`body` is the JSON of the answer, or its bytes, or a dictionary of parts of an error. Headers that must be
    absent are None. `after` are a query and the rows it must find then."""

    ask: Ask
    status: int
    body: Any = ANYTHING
    headers: dict[str, str | None] = field(default_factory=dict)
    after: tuple[str, list[dict[str, Any]]] | None = None

    @property
    def name(self) -> str:
        return self.ask.name


def assert_answer(case: Case, answer: Answer) -> None:
    assert (answer.status, answer.body if answer.status != case.status else None) == (case.status, None)
    if isinstance(case.body, bytes):
        assert answer.body == case.body
    elif case.body is not ANYTHING and case.status >= 300:
        assert list(answer.json) == ["code", "details", "hint", "message"]
        assert {name: answer.json[name] for name in case.body} == case.body
    elif case.body is not ANYTHING:
        assert answer.json == case.body, json.dumps(answer.json)
    shown = {name: answer.headers.get(name) for name in case.headers}
    assert shown == case.headers


async def check(case: Case, atelier: Atelier) -> Answer:
    """Ask the gateway that commits. A refusal (a body with parts of an error) must leave everything as it was."""
    refused = case.status >= 300 and isinstance(case.body, dict)
    before = await atelier.everything() if refused else None
    answer = await case.ask.to(atelier.commits)
    assert_answer(case, answer)
    if case.after is not None:
        query, rows = case.after
        assert await atelier.rows(query) == rows
    if before is not None:
        assert await atelier.everything() == before
    return answer
