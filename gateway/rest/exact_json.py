"""JSON that is taken apart and put together again without touching a number: PostgreSQL reads it as it was sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import orjson

from gateway.rest.errors import RestError


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written: `1.10` is not `1.1`, and 30 digits stay 30 digits."""

    text: str


Json: TypeAlias = "dict[str, Json] | list[Json] | str | Number | bool | None"


def parse(body: bytes | str) -> Json:
    """Raises PGRST102 for what is not JSON."""
    try:
        text = body if isinstance(body, str) else body.decode()
        parsed: Json = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_refuse)
        if "\\ud" in text or "\\uD" in text:
            orjson.loads(text)  # refuses halves of surrogate pairs, which are no text
    except (ValueError, RecursionError):
        raise RestError(400, "PGRST102", "Empty or invalid json") from None
    return parsed


def text_of(value: Json) -> str:
    """`value` as JSON text. Raises PGRST102 for what nests too deeply (more than 250 levels)."""
    try:
        return orjson.dumps(value, default=_as_written, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    except orjson.JSONEncodeError:
        raise RestError(400, "PGRST102", "The JSON is nested too deeply") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and infinities are the library's own idea


def _as_written(value: object) -> orjson.Fragment:
    assert isinstance(value, Number)
    return orjson.Fragment(value.text)
