"""What clauses, references and wrapping share: the tokens of an expression with its keywords and brackets. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.sqltext import NotUnderstood, Token, tokens

_CLOSING = {"(": ")", "[": "]", "case": "end"}
_DEEPEST = 50

_QUERY_STARTS = frozenset({"select", "with", "table"})
_QUERY_TAILS = frozenset({"union", "intersect", "except", "order", "limit", "offset", "fetch", "for"})


@dataclass(frozen=True, slots=True)
class Syntax:
    """`keys` has for each token its text if that can be a keyword or a mark, else an empty string. `closing` maps the
    index of each `(`, `[` and CASE to that of its partner, `opening` the other way. `enclosing` has for each token the
    index of the `(` or `[` around it, -1 for none."""

    text: str
    tokens: tuple[Token, ...]
    keys: tuple[str, ...]
    closing: dict[int, int]
    opening: dict[int, int]
    enclosing: tuple[int, ...]

    def key(self, index: int) -> str:
        """The key of a token, or an empty string outside the text."""
        return self.keys[index] if 0 <= index < len(self.keys) else ""

    def after(self, index: int) -> int:
        """The token behind this one, or behind the brackets that it opens."""
        return self.closing.get(index, index) + 1

    def level(self, first: int, end: int) -> Iterator[int]:
        """The tokens from `first` up to `end` outside of brackets between them."""
        index = first
        while index < end:
            yield index
            index = self.after(index)

    def is_name(self, index: int) -> bool:
        """Whether the token could be a name: any word, and anything in double quotes."""
        return 0 <= index < len(self.tokens) and self.tokens[index].kind in ("word", "quoted")

    def is_text(self, index: int) -> bool:
        """Whether the token is a literal in quotes of any kind."""
        if not 0 <= index < len(self.tokens):
            return False
        token = self.tokens[index]
        return token.kind == "string" or (token.kind == "other" and not self.is_number(index))

    def is_number(self, index: int) -> bool:
        """Whether the token is a number, or a parameter such as `$1`."""
        token = self.tokens[index]
        return token.kind == "other" and (token.text[0] in ".0123456789" or token.text[1:].isdigit())

    def name_end(self, index: int) -> int:
        """The token behind `a.b.c`, or `index` itself if no name begins there."""
        if not self.is_name(index):
            return index
        end = index + 1
        while self.key(end) == "." and self.is_name(end + 1):
            end += 2
        return end

    def is_query(self, first: int, last: int) -> bool:
        """Whether the tokens from `first` to `last`, inside brackets, are a query and not an expression."""
        key = self.key(first)
        if key in _QUERY_STARTS or (key == "values" and self.key(first + 1) == "("):
            return True
        if key != "(":
            return False
        end = self.closing[first]
        return self.is_query(first + 1, end - 1) and (end == last or self.key(end + 1) in _QUERY_TAILS)


def syntax(text: str) -> Syntax:
    """Raises `NotUnderstood` for what the lexer refuses, brackets that do not match, a semicolon, and no text."""
    found = tuple(tokens(text))
    if not found:
        raise NotUnderstood("is empty", 0)
    keys = _keys(found)
    closing = _brackets(found, keys)
    opening = {end: start for start, end in closing.items()}
    return Syntax(text, found, keys, closing, opening, tuple(_enclosing(keys)))


def _enclosing(keys: Sequence[str]) -> Iterator[int]:
    around = [-1]
    for index, key in enumerate(keys):
        if key in (")", "]"):
            around.pop()
        yield around[-1]
        if key in ("(", "["):
            around.append(index)


def _keys(found: Sequence[Token]) -> tuple[str, ...]:
    """A word behind a dot or AS is a name, whatever it says."""
    keys: list[str] = []
    previous = ""
    for token in found:
        is_name = token.kind not in ("word", "mark") or (token.kind == "word" and previous in (".", "as"))
        previous = "" if is_name else token.text
        keys.append(previous)
    return tuple(keys)


def _brackets(found: Sequence[Token], keys: Sequence[str]) -> dict[int, int]:
    closing: dict[int, int] = {}
    opened: list[int] = []
    for index, key in enumerate(keys):
        if key in _CLOSING:
            opened.append(index)
            if len(opened) > _DEEPEST:
                raise NotUnderstood("is nested too deeply", found[index].start)
        elif key == "end":
            if opened and keys[opened[-1]] == "case":
                closing[opened.pop()] = index
        elif key in (")", "]"):
            _drop_cases(opened, keys)
            if not opened or _CLOSING[keys[opened[-1]]] != key:
                raise NotUnderstood(f"has a {key!r} that closes nothing", found[index].start)
            closing[opened.pop()] = index
        elif key == ";":
            raise NotUnderstood("has a semicolon", found[index].start)
    _drop_cases(opened, keys)
    if opened:
        raise NotUnderstood(f"has a {keys[opened[-1]]!r} that nothing closes", found[opened[-1]].start)
    return closing


def _drop_cases(opened: list[int], keys: Sequence[str]) -> None:
    """CASE without END is a name: a label needs no AS."""
    while opened and keys[opened[-1]] == "case":
        opened.pop()
