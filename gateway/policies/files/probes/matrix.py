"""`matrix`: who may do what with which row -> one probe for each persona and verb. Who is not listed is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Final

from gateway.policies.files.codes import Code
from gateway.policies.files.probes.expectations import worded
from gateway.policies.files.probes.fixtures import Row
from gateway.policies.files.probes.personas import EVERYBODY, NOBODY
from gateway.policies.files.probes.single import Stage
from gateway.policies.files.schema.keys import MATRIX_INSERT, MATRIX_ROW, UPDATE_BY
from gateway.policies.files.values.nodes import Fields
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.tree import Mapping, Node, Scalar
from gateway.policies.model import Action, Expected, NewRow, Outcome, Persona, Probe, Verb

_VERBS: Final[tuple[Verb, ...]] = ("select", "update", "delete")
_ALLOWED: Final = Expected(Outcome.ALLOWED)
_REFUSED: Final = Expected(Outcome.DENIED)


def read_matrix(stage: Stage, rows: dict[str, Row | None], node: Node | None) -> Iterator[Probe]:
    """The probes of all entries, in order."""
    for item in stage.reading.items(node, "`matrix`"):
        inserts = isinstance(item, Mapping) and any(key.value == "insert" for key, _ in item.entries)
        fields = stage.reading.fields(item, MATRIX_INSERT if inserts else MATRIX_ROW)
        if fields is not None:
            tried = _tried(stage, fields)
            yield from _insert(stage, fields, tried) if inserts else _row(stage, rows, fields, tried)


def _tried(stage: Stage, fields: Fields) -> tuple[Persona, ...]:
    """The personas that an entry asks about: those under `for`, or all that are known."""
    node = fields.node("for")
    if node is not None:
        names = stage.reading.each(node, "`for`", stage.persona_name) or ()
        return tuple(stage.personas[name] for name in names)
    if not stage.personas and stage.whole:
        fix = "define some under `personas`, or include their file"
        stage.reading.refuse(Code.UNKNOWN_NAME, fields.start, "no persona is known here", fix)
    return tuple(stage.personas.values())


def _allowed(stage: Stage, node: Node | None, what: str, tried: tuple[Persona, ...]) -> frozenset[str] | None:
    """The names of the personas that may."""
    if node is None:
        return None
    if isinstance(node, Scalar) and node.value in (EVERYBODY, NOBODY):
        return frozenset(persona.name for persona in tried) if node.value == EVERYBODY else frozenset()
    names = stage.reading.each(node, what, stage.persona_name, may_be_empty=True)
    may_be = {persona.name for persona in tried}
    for name in names or ():
        if name not in may_be:
            message = f"{what} lists {shown(name)}, who is not under `for`"
            stage.reading.refuse(Code.WRONG_TEST, node.start, message, "add it to `for`")
    return None if names is None else frozenset(names)


def _probes(
    stage: Stage,
    action: Action,
    who: tuple[tuple[Persona, ...], frozenset[str]],
    what: tuple[str, int],
    given: Iterable[NewRow] = (),
) -> Iterator[Probe]:
    """One for each persona that is tried. `who` are these, and the names of those who may; `what` is what they do it
    with, and where it stands."""
    tried, allowed = who
    place = stage.reading.place(what[1])
    for persona in tried:
        expected = _ALLOWED if persona.name in allowed else _REFUSED
        name = worded(persona, action, expected, what[0])
        yield Probe(name, persona, action, expected, place, (*stage.given, *given))


def _insert(stage: Stage, fields: Fields, tried: tuple[Persona, ...]) -> Iterator[Probe]:
    table = stage.reading.relation(fields.node("insert"), "`insert`")
    values = stage.reading.row(fields.node("values"), "`values`", may_be_empty=True)
    allowed = _allowed(stage, fields.node("by"), "`by`", tried)
    if table is not None and allowed is not None:
        action = Action("insert", table, values=MappingProxyType(values))
        yield from _probes(stage, action, (tried, allowed), (str(table), fields.start_of("insert")))


def _row(stage: Stage, rows: dict[str, Row | None], fields: Fields, tried: tuple[Persona, ...]) -> Iterator[Probe]:
    row = _named_row(stage, rows, fields.node("row"))
    if not any(verb in fields for verb in _VERBS):
        message = "the entry tries nothing"
        stage.reading.refuse(Code.WRONG_TEST, fields.start, message, "add `select`, `update` or `delete`")
    for verb in _VERBS:
        node = fields.node(verb)
        values = {}
        if isinstance(node, Mapping) and verb == "update":
            update = stage.reading.fields(node, UPDATE_BY)
            values = stage.reading.row(update.node("set"), "`set`") if update else {}
            node = update.node("by") if update else None
        allowed = _allowed(stage, node, f"`{verb}`", tried)
        if row is not None and allowed is not None:
            action = Action(verb, row.table, key=row.key, values=MappingProxyType(values))
            yield from _probes(stage, action, (tried, allowed), (row.name, fields.start_of(verb)), row.given)


def _named_row(stage: Stage, rows: dict[str, Row | None], node: Node | None) -> Row | None:
    name = stage.reading.text(node, "`row`")
    if name is None or node is None or name in rows:
        return None if name is None else rows.get(name)
    fix = stage.reading.near(name, rows) or "define it under `rows`"
    return stage.reading.refuse(Code.UNKNOWN_NAME, node.start, f"there is no row {shown(name)} in this file", fix)
