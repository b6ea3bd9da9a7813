"""Which predicates and personas hold in which file: its own, those of what it includes, and those of the defaults."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.policies.files.codes import Code
from gateway.policies.files.documents import DEFAULTS_NAME, Document
from gateway.policies.files.includes import reached, read_includes
from gateway.policies.files.probes.personas import read_personas
from gateway.policies.files.values.expressions import read_expression
from gateway.policies.files.values.nodes import Reading
from gateway.policies.files.values.predicates import Predicate, Visible
from gateway.policies.files.values.wording import shown
from gateway.policies.model import Persona

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Scopes:
    """`predicates` and `personas` by the file where they hold; `all_personas` are those of the whole set."""

    predicates: Mapping[str, Visible]
    personas: Mapping[str, Mapping[str, Persona]]
    all_personas: Mapping[str, Persona]


def read_scopes(documents: Mapping[str, Document], files: Collection[str], aliases: Mapping[str, str]) -> Scopes:
    """Reads what all files define for others. `files` are all of the set, also those that could not be read."""
    includes = {file: read_includes(document, files, aliases) for file, document in documents.items()}
    predicates = {file: _predicates(document) for file, document in documents.items()}
    personas = _personas(documents)
    shared = reached(DEFAULTS_NAME, includes) if DEFAULTS_NAME in files else ()
    visible: dict[str, Visible] = {}
    known: dict[str, Mapping[str, Persona]] = {}
    clashes: set[tuple[Predicate, Predicate]] = set()
    for file in documents:
        sources = tuple(dict.fromkeys((*shared, *reached(file, includes))))
        whole = all(source in documents for source in sources)
        visible[file] = Visible(_merged(file, sources, predicates, documents, clashes), whole)
        known[file] = {persona.name: persona for source in sources for persona in personas.get(source, {}).values()}
    everyone = {persona.name: persona for each in personas.values() for persona in each.values()}
    return Scopes(visible, known, MappingProxyType(everyone))


def _predicates(document: Document) -> tuple[Predicate, ...]:
    reading = document.reading
    found: list[Predicate] = []
    for key, value in reading.pairs(document.fields.node("predicates"), "`predicates`"):
        if not _NAME.fullmatch(key.value):
            fix = "a predicate's name has letters, digits and `_` only, and begins with a letter"
            reading.refuse(Code.NOT_A_NAME, key.start, f"a predicate cannot be named {shown(key.value)}", fix)
            continue
        expression = read_expression(reading, value, f"the predicate {shown(key.value)}")
        found.append(Predicate(key.value, expression, reading.place(key.start)))
    return tuple(found)


def _personas(documents: Mapping[str, Document]) -> dict[str, dict[int, Persona]]:
    """By file. Their names differ in the whole set, so that one can be asked for by name."""
    first: dict[str, tuple[Reading, int]] = {}
    found: dict[str, dict[int, Persona]] = {}
    for file, document in documents.items():
        reading = document.reading
        found[file] = read_personas(reading, document.fields.node("personas"))
        for start, persona in found[file].items():
            other, at = first.setdefault(persona.name, (reading, start))
            if (other, at) != (reading, start):
                message = f"the persona {shown(persona.name)} is defined in {other.place(at)} already"
                reading.refuse(Code.DEFINED_TWICE, start, message, "rename one of them, or include that file")
    return found


def _merged(
    file: str,
    sources: tuple[str, ...],
    predicates: Mapping[str, tuple[Predicate, ...]],
    documents: Mapping[str, Document],
    clashes: set[tuple[Predicate, Predicate]],
) -> dict[str, Predicate]:
    """The predicates of several files by name. None hides another: which one is meant should not need thinking."""
    merged: dict[str, Predicate] = {}
    for source in sources:
        for predicate in predicates.get(source, ()):
            other = merged.setdefault(predicate.name, predicate)
            if other is not predicate and (other, predicate) not in clashes:
                clashes.add((other, predicate))
                message = (
                    f"the predicate {shown(predicate.name)} is defined in {other.place} already, and {file} has both"
                )
                documents[source].reading.refuse(Code.DEFINED_TWICE, predicate.place, message, "rename one of them")
    return merged
