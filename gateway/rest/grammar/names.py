"""Names, JSON paths and dotted paths: what all parameters of the URL grammar share (PostgREST docs: "URL Grammar")."""

from __future__ import annotations

import re

from gateway.rest.errors import RestError
from gateway.rest.grammar.scanner import Mismatch, Scanner
from gateway.rest.grammar.syntax import Field, JsonStep

_NAME = re.compile(r"[\w $]+")
_KEY = re.compile(r"[^(\-:.,>)]+")
_DIGITS = re.compile(r"[0-9]+")
_QUOTED = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

NAME_LABEL = "field name (* or [a..z0..9_$])"
_KEY_LABEL = "any non reserved character different from: .,>()"
_AFTER_INDEX = ("->", "::", ".", ",")

DELIMITER = "delimiter (.)"

MAX_STEPS = 200
"""Steps of a JSON path. Each nests an expression in the one before, and PostgreSQL's stack has an end."""


def unescape(text: str) -> str:
    """What a quoted text means: a backslash stands for the character after it."""
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def quoted_text(scanner: Scanner, label: str = '"\\""') -> str:
    """A text in double quotes."""
    scanner.literal('"', label)
    match = _QUOTED.match(scanner.text, scanner.position)
    assert match is not None  # the pattern matches the empty text
    scanner.advance(match.end())
    scanner.note('"\\\\"')
    scanner.literal('"')
    return unescape(match.group())


def _dashed(scanner: Scanner, pattern: re.Pattern[str], label: str, *more: str) -> str:
    """Runs joined by dashes; a dash that begins an arrow ends the name."""
    start = scanner.position
    match = pattern.match(scanner.text, start)
    if match is None:
        scanner.note(label)
        raise Mismatch
    parts = [scanner.run(pattern, *more).strip()]
    while True:
        if scanner.text.startswith("->", scanner.position):
            scanner.note(at=scanner.position + 2, found="", surprise="'>'")
            return "-".join(parts)
        if not scanner.accepts("-"):
            return "-".join(parts)
        parts.append(scanner.run(pattern, *more).strip())


def name(scanner: Scanner) -> str:
    """A field or relation name: quoted, or letters, digits, `_`, `$`, blanks and inner dashes, trimmed."""
    if scanner.peek() == '"':
        return quoted_text(scanner)
    return _dashed(scanner, _NAME, NAME_LABEL, "letter", "digit")


def type_name(scanner: Scanner) -> str:
    """The name of a cast or of a text search configuration: letters, digits, `_`, `$` and blanks only."""
    return scanner.run(_NAME, "letter", "digit").strip()


def json_path(scanner: Scanner) -> tuple[JsonStep, ...]:
    steps: list[JsonStep] = []
    while True:
        if scanner.accepts("->>"):
            as_text = True
        elif scanner.accepts("->"):
            as_text = False
        else:
            return tuple(steps)
        index = scanner.attempt(lambda: _index(scanner))
        if index is not None:
            steps.append(JsonStep(index, True, as_text))
        else:
            steps.append(JsonStep(_key(scanner), False, as_text))
        if len(steps) > MAX_STEPS:
            details = f"the path has more than {MAX_STEPS} steps"
            raise RestError(400, "PGRST100", '"failed to parse JSON path"', details=details)


def _index(scanner: Scanner) -> str:
    """An array index; it must end the step, else it is the beginning of a key."""
    sign = "-" if scanner.accepts("-") else "+"
    digits = scanner.run(_DIGITS, "digit")
    ahead = [scanner.ahead(text) for text in _AFTER_INDEX]  # all are noted as expected
    if not any(ahead):
        scanner.end()
    return sign + digits


def _key(scanner: Scanner) -> str:
    if scanner.peek() == '"':
        return quoted_text(scanner)
    return _dashed(scanner, _KEY, _KEY_LABEL)


def field(scanner: Scanner) -> Field:
    """A name with an optional JSON path, blanks allowed around it."""
    scanner.blanks()
    found = Field(name(scanner), json_path(scanner))
    scanner.blanks()
    return found


def dotted(scanner: Scanner) -> list[str]:
    """Names joined by dots."""
    names = [name(scanner)]
    while scanner.accepts(".", DELIMITER):
        names.append(name(scanner))
    return names
