"""The JSON Schema for editors and the reader accept the same keys, and agree on files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.policies.files import MEANINGS, Code, json_schema
from gateway.policies.files.documents import Subject
from gateway.policies.files.schema.keys import SHAPES, Shape
from gateway.policies.files.values.nodes import Reading
from gateway.policies.files.yaml.parse import parse
from gateway.policies.files.yaml.source import source
from gateway.policies.files.yaml.tree import Mapping
from tests.policies.files.schema_checker import faults
from tests.policies.files.sets import problems
from tests.policies.files.test_documents_become_rules import DEFAULTS, FUNCTIONS, RESOURCES
from tests.policies.files.test_tests_become_probes import MATRIX, PEOPLE

SCHEMA = json_schema()
POLICIES = Path(__file__).parents[3] / "policies"

DOCUMENTS = {
    "table": RESOURCES,
    "defaults": DEFAULTS,
    "functions": FUNCTIONS,
    "function": "function: f()\nexecute: anon\ncache: false\nlimits: { requests: 1/s }\n",
    "personas": PEOPLE,
    "matrix": MATRIX,
    "tests": "table: t\npredicates: { a: true }\ntests:\n  - { as: x, call: { function: f, denied: 42501 } }\n",
    "more tests": "table: t\ntests:\n- {as: { role: a, x: [1] }, update: { set: { a: ~ }, returning: [b], rows: 1 } }",
}


def value(text: str) -> Any:
    node, found = parse(source("t.yaml", text))
    assert not found
    return Reading(source("t.yaml", text)).json(node, "")


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_good_documents_conform(text: str) -> None:
    assert faults(value(text), SCHEMA) == []


def test_the_policies_of_this_repository_conform() -> None:
    files = [file for file in POLICIES.rglob("*") if file.suffix in (".yaml", ".yml")]
    for file in files:
        assert faults(value(file.read_text("utf-8")), SCHEMA) == [], file


BAD = {
    "unknown key": "table: a\ncolour: red\n",
    "unknown privilege": "table: a\ngrants: { anon: { read: all } }\n",
    "columns of delete": "table: a\ngrants: { anon: { delete: [a] } }\n",
    "missing key": "table: a\nrows: [ { name: n, for: all } ]\n",
    "norway": "table: a\nrow_security: no\n",
    "unknown verb": "table: a\nrows: [ { name: n, to: a, for: [read] } ]\n",
    "a verb twice": "table: a\nrows: [ { name: n, to: a, for: [select, select] } ]\n",
    "no duration": "table: a\ncache: { ttl: 900 }\n",
    "no rate": "table: a\nlimits: { requests: 300/week }\n",
    "no rows": "table: a\nlimits: { max_rows: 0 }\n",
    "true for all": "table: a\nrealtime: true\n",
    "realtime of select": "table: a\nrealtime: [select]\n",
    "a number for a name": "table: 1\n",
    "a number as expression": "table: a\nrows: [ { name: n, to: a, for: all, using: 1 } ]\n",
    "a function without a name": "functions: [ { execute: [a] } ]\n",
    "a matrix of nothing": "matrix: [ { select: [a] } ]\n",
    "no count": "tests: [ { as: a, select: { rows: few } } ]\n",
    "a persona without a role": "personas: { a: { sub: x } }\n",
    "defaults with a table's key": "schemas: [public]\ngrants: {}\n",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_bad_documents_do_not_conform_and_are_not_read(text: str) -> None:
    assert faults(value(text), SCHEMA)
    name = "defaults.yaml" if text.startswith("schemas") else "t.yaml"
    assert problems({name: text})


@pytest.mark.parametrize("name", SHAPES)
def test_the_schema_has_the_keys_of_the_reader(name: str) -> None:
    """A mapping with all known keys and one unknown: the reader refuses just the unknown one, and so do editors."""
    shape = SHAPES[name]
    definition = SCHEMA["$defs"][name]
    text = "".join(f"{key}: 1\n" for key in (*definition["properties"], "another"))
    node, _ = parse(source("t.yaml", text))
    reading = Reading(source("t.yaml", text))
    fields = reading.fields(node, shape)
    assert fields is not None
    assert set(fields.entries) - {"another"} == set(definition["properties"]) == set(shape.names)
    unknown = [problem.place.line for problem in reading.problems if problem.place]
    assert unknown == ([] if definition["additionalProperties"] else [text.count("\n")])
    assert isinstance(node, Mapping)
    nothing = Reading(source("t.yaml", "{}"))
    nothing.fields(parse(nothing.source)[0], shape)
    assert len(nothing.problems) == len(definition.get("required", ()))


def test_every_mapping_that_is_read_is_in_the_schema() -> None:
    """By the module's names: a new shape cannot be forgotten."""
    from gateway.policies.files.schema import keys

    shapes = [each for each in vars(keys).values() if isinstance(each, Shape)]
    assert {id(each) for each in shapes} == {id(each) for each in SHAPES.values()}
    assert {id(subject.shape) for subject in Subject} <= {id(each) for each in SHAPES.values()}


def test_the_schema_is_whole() -> None:
    text = json.dumps(SCHEMA)
    assert {name for name in SHAPES if f'"#/$defs/{name}"' in text} == set(SHAPES)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Code)
    assert len({str(code) for code in Code}) == len(Code)
