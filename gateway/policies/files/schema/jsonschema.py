"""The JSON Schema of policy files, for editors: made from the tables of keys that the reader uses."""

from __future__ import annotations

from typing import Any, Final

from gateway.policies.files.documents import Subject
from gateway.policies.files.schema.forms import shape
from gateway.policies.files.schema.keys import SHAPES, Shape

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_BY_KEY: Final = {"functions": "functions_file", "function": "function_file"}
_TITLE: Final = "Passerelle policy file"


def json_schema() -> dict[str, Any]:
    """The schema of any file of a set. What a file is about is seen by its keys, so that errors are about these."""
    names = {id(each): name for name, each in SHAPES.items()}
    tests = shape(names[id(Subject.TESTS.shape)])
    defaults = names[id(Subject.DEFAULTS.shape)]
    only_defaults = set(Subject.DEFAULTS.shape.names).difference(Subject.TESTS.shape.names)
    chosen: dict[str, Any] = {
        "if": {"anyOf": [{"required": [key]} for key in sorted(only_defaults)]},
        "then": shape(defaults),
        "else": tests,
    }
    for key, name in _BY_KEY.items():
        chosen = {"if": {"required": [key]}, "then": shape(name), "else": chosen}
    table = {"anyOf": [shape("table_file"), tests]}
    chosen = {"if": {"required": ["table"]}, "then": table, "else": chosen}
    definitions = {name: _definition(each) for name, each in SHAPES.items()}
    return {"$schema": _DRAFT, "title": _TITLE, "type": "object", **chosen, "$defs": definitions}


def _definition(of: Shape) -> dict[str, Any]:
    properties = {key.name: {**({"description": key.says} if key.says else {}), **key.form} for key in of.keys}
    required = {"required": list(of.required)} if of.required else {}
    return {
        "title": of.title,
        "type": "object",
        "properties": properties,
        **required,
        "additionalProperties": of.open,
    }
