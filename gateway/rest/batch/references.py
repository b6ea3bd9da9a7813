"""References to the results of earlier steps. Pure.

A reference is a JSON value of its own, ``{"$ref": "order.0.id"}``, and what it becomes is a JSON value again: it is
put into a structure that was parsed already, never into a text. ``{"$literal": …}`` stands for its content as it is,
for data that looks like a reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard, cast

from gateway.rest.batch.errors import invalid, unresolved
from gateway.rest.exact_json import Json, Number

REFERENCE = "$ref"
LITERAL = "$literal"
_EVERY = "*"
_MOST_LEVELS = 200
_STEP_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Reference:
    """The value at `path` within the body that the step `step` answered: keys of objects, positions in arrays, and
    `*` for every element of an array."""

    step: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((self.step, *self.path))


Part: TypeAlias = "dict[str, Part] | list[Part] | str | Number | bool | Reference | None"
"""JSON with references in it."""

Lookup = Callable[[Reference], Json]


@dataclass(frozen=True, slots=True)
class Template:
    """A JSON value with `Reference` objects in it, and all of these."""

    value: Part
    references: tuple[Reference, ...] = ()

    def resolve(self, lookup: Lookup) -> Json:
        """The value with every reference replaced by what `lookup` finds."""
        return _resolved(self.value, lookup)


def is_step_id(text: object) -> TypeGuard[str]:
    return isinstance(text, str) and _STEP_ID.fullmatch(text) is not None


def read_template(value: Json) -> Template:
    """Find the references in `value`. Raises BatchError for malformed ones."""
    found: list[Reference] = []
    return Template(_read(value, found, 0), tuple(found))


def follow(value: Json, reference: Reference) -> Json:
    """What `reference` finds in the body `value` of its step. Raises BatchError if there is no such value."""
    return _follow(value, reference.path, reference)


def _read(value: Json, found: list[Reference], level: int) -> Part:
    if level > _MOST_LEVELS:
        raise invalid(f"a body is nested deeper than {_MOST_LEVELS} levels")
    if isinstance(value, list):
        return [_read(item, found, level + 1) for item in value]
    if not isinstance(value, dict):
        return value
    for mark in (REFERENCE, LITERAL):
        if mark in value and len(value) > 1:
            hint = f'To send an object that has a key "{mark}", write {{"{LITERAL}": {{…}}}}.'
            raise invalid(f'an object with "{mark}" has no other keys', hint=hint)
    if LITERAL in value:
        return cast("Part", value[LITERAL])  # as it is: what may hold references need not
    if REFERENCE in value:
        reference = read_reference(value[REFERENCE])
        found.append(reference)
        return reference
    return {key: _read(item, found, level + 1) for key, item in value.items()}


def read_reference(value: Json) -> Reference:
    """From `"step.key.0"`, or `["step", "key", 0]` for keys that have dots. Raises BatchError."""
    parts: list[str] = []
    if isinstance(value, str):
        parts = value.split(".")
    elif isinstance(value, list):
        parts = [part.text if isinstance(part, Number) else part for part in value if isinstance(part, str | Number)]
        if len(parts) != len(value):
            raise invalid(f'"{REFERENCE}" has keys and positions only')
    if not parts or not is_step_id(parts[0]):
        hint = 'Write "step.key.0", or ["step", "key", 0].'
        raise invalid(f'"{REFERENCE}" must name a step and the way into its body', hint=hint)
    return Reference(parts[0], tuple(parts[1:]))


def _resolved(value: Part, lookup: Lookup) -> Json:
    if isinstance(value, Reference):
        return lookup(value)
    if isinstance(value, list):
        return [_resolved(item, lookup) for item in value]
    if isinstance(value, dict):
        return {key: _resolved(item, lookup) for key, item in value.items()}
    return value


def _follow(value: Json, path: tuple[str, ...], reference: Reference) -> Json:
    for at, part in enumerate(path):
        if isinstance(value, list):
            if part == _EVERY:
                return [_follow(item, path[at + 1 :], reference) for item in value]
            if _INDEX.fullmatch(part) is None or int(part) >= len(value):
                raise unresolved(reference, f"there is an array of {len(value)} before {part!r}")
            value = value[int(part)]
        elif isinstance(value, dict):
            if part not in value:
                raise unresolved(reference, f"there is no key {part!r}")
            value = value[part]
        else:
            raise unresolved(reference, f"there is neither an object nor an array before {part!r}")
    return value
