"""The answers of the steps, and the answer of the batch made of them. Pure."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.rest.batch.errors import BatchError, Position
from gateway.rest.batch.steps import Runnable
from gateway.rest.media import Form
from gateway.rest.respond import RespondRules, Result, respond, respond_to_write

_BAD_REQUEST = 400
# What says how an answer may be stored or negotiated; a step's answer is neither.
_OMITTED = frozenset({"vary", "content-location"})


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """`json` is the body if it is JSON. `other` is what stands for any other body: ("text", …) or ("base64", …)."""

    status: int
    headers: dict[str, str]
    json: bytes | None = None
    other: tuple[str, str] | None = None

    @property
    def size(self) -> int:
        return len(self.json or b"") + (len(self.other[1]) if self.other else 0)


def answer_step(step: Runnable, result: Result, rules: RespondRules) -> StepAnswer:
    """The answer to a step that ran. Raises PGRST111, PGRST112, and PGRST103 for an offset beyond the end."""
    asked, compiled = step.asked, step.compiled
    if compiled.write is None:
        answer = respond(asked, compiled, result, rules)
    else:
        answer = respond_to_write(asked, compiled, compiled.write, result, rules)
    if answer.status >= _BAD_REQUEST and result.status is None:
        error = orjson.loads(answer.body)
        raise BatchError(answer.status, error["code"], error["message"], details=error["details"], hint=error["hint"])
    headers: dict[str, str] = {}
    for name, value in answer.headers:
        if name.lower() not in _OMITTED:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if not answer.body:
        return StepAnswer(answer.status, headers)
    if _is_json(step, answer.body):
        return StepAnswer(answer.status, headers, json=answer.body)
    if compiled.binary:
        return StepAnswer(answer.status, headers, other=("base64", base64.b64encode(answer.body).decode()))
    return StepAnswer(answer.status, headers, other=("text", answer.body.decode()))


def _is_json(step: Runnable, body: bytes) -> bool:
    rendering = step.compiled.rendering
    if not rendering.media_type.partition(";")[0].endswith("json"):
        return False
    if rendering.form not in (Form.CUSTOM, Form.RAW):
        return True
    try:  # a team's own media type may say anything
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def render(answers: Sequence[tuple[Position, StepAnswer]], *, committed: bool) -> bytes:
    """The body of the whole answer."""
    return orjson.dumps({"committed": committed, "steps": [_step(position, answer) for position, answer in answers]})


def _step(position: Position, answer: StepAnswer) -> dict[str, Any]:
    step: dict[str, Any] = {"id": position.id, "status": answer.status, "headers": answer.headers}
    if answer.json is not None:
        step["body"] = orjson.Fragment(answer.json)
    elif answer.other is not None:
        step[answer.other[0]] = answer.other[1]
    return step
