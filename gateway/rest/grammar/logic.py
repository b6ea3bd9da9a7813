"""Logic trees: `[not.](and|or)=(condition, …)` (PostgREST docs: "Logical operators")."""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.rest.errors import RestError
from gateway.rest.grammar import names
from gateway.rest.grammar.operations import bounded_value, parse_operation
from gateway.rest.grammar.scanner import Mismatch, Scanner
from gateway.rest.grammar.syntax import Condition, Filter, Logic, Path

MAX_DEPTH = 40
"""Parentheses inside parentheses: a bound on recursion here and in PostgreSQL's planner."""

_BRACES = re.compile(r"\{[^{}]*\}")


_REMEMBERED = 512
"""Characters. Longer trees are rarely seen twice, and the memory of the cache stays bounded."""


def parse_logic(key: str, text: str) -> tuple[Path, Condition, tuple[str, ...]]:
    """The embed path in the key, the tree with slots counted from 0, and the values for them. Raises PGRST100."""
    return _remembered(key, text) if len(text) <= _REMEMBERED else _parse(key, text)


@lru_cache(maxsize=1024)
def _remembered(key: str, text: str) -> tuple[Path, Condition, tuple[str, ...]]:
    return _parse(key, text)


def _parse(key: str, text: str) -> tuple[Path, Condition, tuple[str, ...]]:
    path, operator = _key(key)
    values: list[str] = []
    tree = _Tree(operator + text, values)
    try:
        condition = tree.condition(0)
    except Mismatch:
        raise tree.scanner.error("logic tree", text) from None
    return path, condition, tuple(values)


def _key(key: str) -> tuple[Path, str]:
    scanner = Scanner(key)
    try:
        parts = names.dotted(scanner)
    except Mismatch:
        raise scanner.error("logic path") from None
    path = tuple(part for part in parts[:-1] if part != "not")
    return path, f"not.{parts[-1]}" if "not" in parts else parts[-1]


class _Tree:
    def __init__(self, text: str, values: list[str]) -> None:
        self.scanner = Scanner(text)
        self._values = values

    def condition(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            details = f"conditions are nested more than {MAX_DEPTH} levels deep"
            raise RestError(400, "PGRST100", '"failed to parse logic tree"', details=details)
        kept = len(self._values)
        found = self.scanner.attempt(self._filter)
        if found is not None:
            return found
        del self._values[kept:]
        return self._logic(depth)

    def _filter(self) -> Filter:
        field = names.field(self.scanner)
        self.scanner.literal(".", names.DELIMITER)
        operation, negated = parse_operation(self.scanner, _value, self._keep)
        return Filter(field, operation, negated)

    def _keep(self, value: str) -> int:
        self._values.append(value)
        return len(self._values) - 1

    def _logic(self, depth: int) -> Logic:
        scanner = self.scanner
        negated = False
        if scanner.text.startswith("not.", scanner.position):
            scanner.advance(scanner.position + 4)
            negated = True
        else:
            scanner.note("negation operator (not)")
        if scanner.accepts("and", "logic operator (and, or)"):
            operator = "AND"
        else:
            scanner.literal("or", "logic operator (and, or)")
            operator = "OR"
        self._punctuation("(")
        children = [self.condition(depth + 1)]
        while self._accepts(","):
            children.append(self.condition(depth + 1))
        self._punctuation(")")
        return Logic(operator, tuple(children), negated)

    def _punctuation(self, char: str) -> None:
        self.scanner.blanks()
        self.scanner.literal(char)
        self.scanner.blanks()

    def _accepts(self, char: str) -> bool:
        self.scanner.blanks()
        accepted = self.scanner.accepts(char)
        self.scanner.blanks()
        return accepted


def _value(scanner: Scanner) -> str:
    """A value inside a tree: quoted, or an array in braces (commas and all), or everything up to `,` or `)`."""
    if scanner.peek() == "{":
        match = _BRACES.match(scanner.text, scanner.position)
        if match is not None:
            scanner.advance(match.end())
            return match.group()
    return bounded_value(scanner)
