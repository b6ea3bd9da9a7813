"""The `order`, `columns` and `on_conflict` parameters (PostgREST docs: "Ordering")."""

from __future__ import annotations

import re

from gateway.rest.grammar import names
from gateway.rest.grammar.scanner import Mismatch, Scanner
from gateway.rest.grammar.syntax import Field, OrderTerm

_PLAIN_TERM = re.compile(r" *[\w$][\w $]*(?=,)")
_DIRECTIONS = (("asc", False), ("desc", True))
_NULLS = (("nullsfirst", True), ("nullslast", False))


def parse_order(text: str) -> tuple[OrderTerm, ...]:
    """`order=…` as terms, the most significant first. Raises PGRST100."""
    scanner = Scanner(text)
    try:
        terms = [_term(scanner)]
        while scanner.accepts(","):
            terms.append(_term(scanner))
        scanner.end()
    except Mismatch:
        raise scanner.error("order") from None
    return tuple(terms)


def _term(scanner: Scanner) -> OrderTerm:
    plain = _PLAIN_TERM.match(scanner.text, scanner.position)
    if plain is not None:  # long lists of plain columns must not cost what the other forms do
        scanner.advance(plain.end())
        return OrderTerm(Field(plain.group().strip()))
    scanner.blanks()
    term = scanner.attempt(lambda: _related(scanner)) or _own(scanner)
    scanner.blanks()
    return term


def _related(scanner: Scanner) -> OrderTerm:
    relation = names.name(scanner)
    scanner.literal("(")
    field = names.field(scanner)
    scanner.literal(")")
    return OrderTerm(field, relation, *_modifiers(scanner))


def _own(scanner: Scanner) -> OrderTerm:
    return OrderTerm(names.field(scanner), None, *_modifiers(scanner))


def _modifiers(scanner: Scanner) -> tuple[bool | None, bool | None]:
    descending = _choice(scanner, _DIRECTIONS)
    nulls_first = _choice(scanner, _NULLS)
    if not scanner.ahead(","):
        scanner.end()
    return descending, nulls_first


def _choice(scanner: Scanner, words: tuple[tuple[str, bool], ...]) -> bool | None:
    for word, meaning in words:
        if scanner.attempt(lambda word=word: _dot_word(scanner, word)):
            return meaning
    return None


def _dot_word(scanner: Scanner, word: str) -> bool:
    scanner.literal(".", names.DELIMITER)
    scanner.literal(word)
    return True


def parse_names(what: str, text: str) -> tuple[str, ...]:
    """`columns=…` and `on_conflict=…`: names separated by commas. `what` is the parameter's name, for PGRST100.

    What follows a complete list is not looked at, as PostgREST does."""
    scanner = Scanner(text)
    try:
        found = [names.name(scanner)]
        while True:
            scanner.blanks()
            if not scanner.accepts(","):
                break
            scanner.blanks()
            found.append(names.name(scanner))
    except Mismatch:
        raise scanner.error(f"{what} parameter") from None
    return tuple(found)
