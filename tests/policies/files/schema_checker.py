"""As much of JSON Schema as the schema of policy files uses. Whatever it does not know is an error, not a pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

ANNOTATIONS = {"$schema", "$defs", "title", "description", "then", "else"}
TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
}


def faults(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None, at: str = "$") -> list[str]:
    """Why `value` does not conform, by path."""
    root = schema if root is None else root
    return [
        fault
        for keyword, argument in schema.items()
        if keyword not in ANNOTATIONS
        for fault in _KEYWORDS[keyword](value, argument, schema, root, at)
    ]


def _ref(value: Any, argument: str, schema: Any, root: Any, at: str) -> Iterator[str]:
    yield from faults(value, root["$defs"][argument.removeprefix("#/$defs/")], root, at)


def _type(value: Any, argument: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    names = argument if isinstance(argument, list) else [argument]
    if not any(TYPES[name](value) for name in names):
        yield f"{at}: not of type {argument}"


def _if(value: Any, argument: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    yield from faults(value, schema["else" if faults(value, argument, root) else "then"], root, at)


def _any_of(value: Any, argument: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    tried = [faults(value, each, root, at) for each in argument]
    if all(tried):
        yield f"{at}: none of {tried}"


def _properties(value: Any, argument: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    for key, each in value.items() if isinstance(value, dict) else ():
        if key in argument:
            yield from faults(each, argument[key], root, f"{at}.{key}")


def _additional(value: Any, argument: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    for key, each in value.items() if isinstance(value, dict) else ():
        if key not in schema.get("properties", {}) and argument is False:
            yield f"{at}: unknown key {key}"
        elif key not in schema.get("properties", {}) and argument is not True:
            yield from faults(each, argument, root, f"{at}.{key}")


def _items(value: Any, argument: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    for index, each in enumerate(value if isinstance(value, list) else ()):
        yield from faults(each, argument, root, f"{at}[{index}]")


def _check(refused: Any) -> Any:
    def check(value: Any, argument: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
        if refused(value, argument):
            yield f"{at}: {argument}"

    return check


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


_KEYWORDS = {
    "$ref": _ref,
    "type": _type,
    "if": _if,
    "anyOf": _any_of,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "required": _check(lambda value, names: isinstance(value, dict) and not value.keys() >= set(names)),
    "enum": _check(lambda value, values: not any(_same(value, each) for each in values)),
    "const": _check(lambda value, only: not _same(value, only)),
    "pattern": _check(lambda value, pattern: isinstance(value, str) and not re.search(pattern, value)),
    "minLength": _check(lambda value, least: isinstance(value, str) and len(value) < least),
    "minItems": _check(lambda value, least: isinstance(value, list) and len(value) < least),
    "minimum": _check(lambda value, least: isinstance(value, int) and value < least),
    "uniqueItems": _check(lambda value, _: isinstance(value, list) and len(set(map(repr, value))) < len(value)),
}
