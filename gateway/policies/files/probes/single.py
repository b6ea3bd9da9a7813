"""Single tests -> probes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

from gateway.policies.files.codes import Code
from gateway.policies.files.probes.expectations import ROWS_OR_DENIED, YES_OR_DENIED, read_expected, worded
from gateway.policies.files.probes.fixtures import read_given
from gateway.policies.files.probes.personas import read_persona
from gateway.policies.files.rules.row_policies import Expand
from gateway.policies.files.schema.keys import TEST, TEST_CALL, TEST_DELETE, TEST_INSERT, TEST_SELECT, TEST_UPDATE
from gateway.policies.files.values.expressions import read_expression
from gateway.policies.files.values.nodes import Fields, Reading
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.tree import Node, Scalar
from gateway.policies.model import Action, Expected, NewRow, Persona, Probe, QualifiedName, Verb

_SHAPES: Final = {
    "select": TEST_SELECT,
    "insert": TEST_INSERT,
    "update": TEST_UPDATE,
    "delete": TEST_DELETE,
    "call": TEST_CALL,
}


class Implied(NamedTuple):
    """The table or function that is meant where a test names none. `refused`: what the file names cannot be used, and
    tests are not to blame."""

    table: QualifiedName | None = None
    function: QualifiedName | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """What the tests of a file have in common. `whole` is false if personas are missing because a file could not be
    read; `given` are inserted before each test."""

    reading: Reading
    personas: Mapping[str, Persona]
    expand: Expand
    whole: bool
    implied: Implied
    given: tuple[NewRow, ...]

    def persona(self, node: Node, what: str) -> Persona | None:
        """A persona that holds in the file, by name."""
        name = self.reading.text(node, what)
        if name is None or name in self.personas:
            return None if name is None else self.personas[name]
        if self.whole:
            fix = self.reading.near(name, self.personas) or "define it under `personas`, or include its file"
            self.reading.refuse(Code.UNKNOWN_NAME, node.start, f"there is no persona {shown(name)} here", fix)
        return None

    def persona_name(self, node: Node, what: str) -> str | None:
        """Its name alone."""
        persona = self.persona(node, what)
        return persona.name if persona else None


def read_tests(stage: Stage, node: Node | None) -> Iterator[Probe]:
    """The probes of a list of tests, in order."""
    for item in stage.reading.items(node, "`tests`"):
        fields = stage.reading.fields(item, TEST)
        probe = _probe(stage, fields) if fields else None
        if probe is not None:
            yield probe


def _probe(stage: Stage, fields: Fields) -> Probe | None:
    reading = stage.reading
    name = reading.text(fields.node("name"), "`name`") if "name" in fields else ""
    who = fields.node("as")
    persona = _as(stage, who) if who else None
    given = (*stage.given, *read_given(reading, fields.node("given")))
    table = reading.relation(fields.node("table"), "`table`") if "table" in fields else stage.implied.table
    tried = _tried(stage, fields, table)
    if persona is None or tried is None:
        return None
    action, expected = tried
    return Probe(
        name or worded(persona, action, expected), persona, action, expected, reading.place(fields.start), given
    )


def _as(stage: Stage, node: Node) -> Persona | None:
    return stage.persona(node, "`as`") if isinstance(node, Scalar) else read_persona(stage.reading, node)


def _tried(stage: Stage, fields: Fields, table: QualifiedName | None) -> tuple[Action, Expected] | None:
    """What a test tries, and what it expects."""
    reading = stage.reading
    verbs = [verb for verb in _SHAPES if verb in fields]
    if len(verbs) != 1:
        at = fields.start_of(verbs[1]) if verbs else fields.start
        message = "a test tries one of select, insert, update, delete and call"
        reading.refuse(Code.WRONG_TEST, at, message, "make it several tests" if verbs else "add one of them")
        return None
    verb = verbs[0]
    tried = reading.fields(fields.node(verb), _SHAPES[verb])
    if tried is None:
        return None
    if verb == "call":
        action = _call(stage, tried)
    else:
        if table is None and "table" not in fields and not stage.implied.refused:
            reading.refuse(
                Code.MISSING_KEY, fields.start, "the test needs `table`", "add `table:` to it or to the file"
            )
        action = _action(stage, cast("Verb", verb), tried, table)
    kind = YES_OR_DENIED if verb in ("insert", "call") else ROWS_OR_DENIED
    expected = read_expected(reading, tried, kind)
    return (action, expected) if action and expected else None


def _call(stage: Stage, fields: Fields) -> Action | None:
    reading = stage.reading
    function = (
        reading.relation(fields.node("function"), "`function`") if "function" in fields else stage.implied.function
    )
    values = reading.row(fields.node("values"), "`values`", may_be_empty=True)
    if function is None:
        if "function" not in fields and not stage.implied.refused:
            reading.refuse(Code.MISSING_KEY, fields.start, "`call` needs `function`", "add `function:`")
        return None
    return Action("call", function=function, values=MappingProxyType(values))


def _action(stage: Stage, verb: Verb, fields: Fields, table: QualifiedName | None) -> Action | None:
    reading = stage.reading
    where = stage.expand(read_expression(reading, fields.node("where"), "`where`"))
    key = reading.row(fields.node("key"), "`key`")
    values = _values(reading, verb, fields)
    if verb == "update" and "set" not in fields and "key" not in fields:
        reading.refuse(Code.MISSING_KEY, fields.start, "`update` needs `set`", "without it, `key` must find the row")
    listed = "columns" if verb == "select" else "returning"
    columns = reading.each(fields.node(listed), f"`{listed}`", reading.name) if listed in fields else ()
    if table is None:
        return None
    return Action(verb, table, None, where, MappingProxyType(key), MappingProxyType(values), columns or ())


def _values(reading: Reading, verb: Verb, fields: Fields) -> dict[str, Any]:
    if verb == "update":
        return reading.row(fields.node("set"), "`set`")
    return reading.row(fields.node("values"), "`values`", may_be_empty=True)
