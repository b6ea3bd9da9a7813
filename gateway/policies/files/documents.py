"""What a file is about: a table, functions, the defaults of the set, or tests."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from itertools import islice
from typing import Final

from gateway.policies.files.codes import Code
from gateway.policies.files.schema.keys import (
    DEFAULTS_FILE,
    FUNCTION_FILE,
    FUNCTIONS_FILE,
    TABLE_FILE,
    TEST_FILE,
    Shape,
)
from gateway.policies.files.values.nodes import Fields, Reading
from gateway.policies.files.values.wording import suggestion
from gateway.policies.files.yaml.tree import Mapping, Node

DEFAULTS_NAME: Final = "defaults.yaml"
_TESTS_FOLDER: Final = "tests"
_LOOKED_AT: Final = 20


class Subject(enum.Enum):
    """What a file is about, with the keys it may have."""

    TABLE = TABLE_FILE
    FUNCTION = FUNCTION_FILE
    FUNCTIONS = FUNCTIONS_FILE
    DEFAULTS = DEFAULTS_FILE
    TESTS = TEST_FILE

    @property
    def shape(self) -> Shape:
        return self.value


_LEADING: Final = {"table": Subject.TABLE, "function": Subject.FUNCTION, "functions": Subject.FUNCTIONS}
_SAY_WHAT: Final = "a file needs `table:`, `function:`, `functions:`, or `tests:`, `personas:` or `predicates:`"


@dataclass(frozen=True, slots=True)
class Document:
    """A file with known keys. `reading` goes on to collect what is wrong with it."""

    reading: Reading
    subject: Subject
    fields: Fields

    @property
    def file(self) -> str:
        return self.reading.source.file


def read_document(reading: Reading, node: Node) -> Document | None:
    """The file's keys, checked; None if it cannot be said what it is about, which is noted."""
    if not isinstance(node, Mapping):
        reading.refuse(Code.KIND_OF_FILE, node.start, "a policy file is a mapping of keys and values", _SAY_WHAT)
        return None
    subject = _subject(reading, node)
    fields = reading.fields(node, subject.shape) if subject else None
    return Document(reading, subject, fields) if subject and fields else None


def _subject(reading: Reading, node: Mapping) -> Subject | None:
    folders = reading.source.file.split("/")
    name = folders.pop()
    if reading.source.file == DEFAULTS_NAME:
        return Subject.DEFAULTS
    if _TESTS_FOLDER in folders:
        return Subject.TESTS
    keys = {key.value: key for key, _ in node.entries}
    leading = [key for key in keys if key in _LEADING]
    if len(leading) > 1:
        fix = "give each a file of its own; several functions are a list under `functions:`"
        message = f"a file has either `{leading[0]}:` or `{leading[1]}:`"
        reading.refuse(Code.KIND_OF_FILE, keys[leading[1]].start, message, fix)
        return None
    subject = _LEADING[leading[0]] if leading else _nearest(set(keys))
    if subject is Subject.DEFAULTS or name in (DEFAULTS_NAME, "defaults.yml"):
        message = f"defaults stand in the file `{DEFAULTS_NAME}` at the top of the set"
        reading.refuse(Code.KIND_OF_FILE, node.start, message, "move them there, or name this file otherwise")
        return None
    if subject is None:
        known = (*_LEADING, *TEST_FILE.names)
        fix = next(filter(None, (suggestion(key, known) for key in islice(keys, _LOOKED_AT))), _SAY_WHAT)
        reading.refuse(Code.KIND_OF_FILE, node.start, "it is unclear what this file is about", fix)
    return subject


def _nearest(keys: set[str]) -> Subject | None:
    """The subject that knows most of the keys; that of tests, which has no leading key, if others know no more."""
    candidates = (Subject.TESTS, Subject.TABLE, Subject.FUNCTION, Subject.DEFAULTS)
    known = {subject: len(keys.intersection(subject.shape.names)) for subject in candidates}
    best = max(candidates, key=lambda subject: known[subject])
    return best if known[best] else None
