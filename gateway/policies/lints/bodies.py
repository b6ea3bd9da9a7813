"""What functions reach: relations, other functions, and questions about the caller. Pure.

PostgreSQL knows it of standard SQL bodies. Bodies that are strings are read as tokens: relations are the names behind
FROM, JOIN, INTO and UPDATE, calls are names before a parenthesis.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.policies.database.state import FunctionState
from gateway.policies.model import QualifiedName
from gateway.sqltext import NotUnderstood, Token, tokens

_BEFORE_RELATION: Final = frozenset({"from", "join", "into", "update", "only", "using", "table"})
_STANDARD: Final = ("begin atomic", "return ", "return(")
_CALLER_SETTINGS: Final = "request."
_CALLER_CALLS: Final = frozenset({"uid", "jwt", "role", "email"})
EDITABLE_CLAIMS: Final = ("user_metadata", "raw_user_meta_data")
"""What users may write themselves: the claim, and the column of `auth.users` that it comes from."""


@dataclass(frozen=True, slots=True)
class Body:
    """What one function does itself. `asks` is whether it asks who is calling, `trusts` whether it uses what callers
    may edit, `is_dynamic` whether it runs text that nobody can read here."""

    relations: frozenset[QualifiedName]
    functions: frozenset[int]
    asks: bool
    trusts: bool
    is_dynamic: bool


@dataclass(frozen=True)
class Bodies:
    """`names` are relations by OID, `find` the functions that a call may mean, `path` where names are looked up."""

    functions: Mapping[int, FunctionState]
    names: Mapping[int, QualifiedName]
    find: Callable[[str | None, str, Iterable[str]], Iterable[FunctionState]]
    path: tuple[str, ...]
    _known: dict[int, Body] = field(default_factory=dict[int, Body])

    def __getitem__(self, oid: int) -> Body:
        if oid not in self._known:
            self._known[oid] = self._read(self.functions[oid])
        return self._known[oid]

    def below(self, function: FunctionState, *, enter: Callable[[FunctionState], bool]) -> Iterator[FunctionState]:
        """The function and those that it calls, directly or not, as far as `enter` lets through."""
        seen, waiting = {function.oid}, [function]
        while waiting:
            current = waiting.pop()
            yield current
            for oid in sorted(self[current.oid].functions - seen):
                seen.add(oid)
                called = self.functions.get(oid)
                if called is not None and enter(called):
                    waiting.append(called)

    def _read(self, function: FunctionState) -> Body:
        found = _tokens(function.source)
        relations = {self.names[oid] for oid in function.relation_oids if oid in self.names}
        functions = set(function.function_oids)
        if not is_standard(function):
            path = _path(function.search_path) if function.search_path is not None else self.path
            known = set(self.names.values())
            relations |= {name for name in _relations(found, path) if name in known}
            for schema, name in _calls(found):
                functions |= {each.oid for each in self.find(schema, name, path)}
        return Body(
            frozenset(relations),
            frozenset(functions - {function.oid}),
            asks=_asks(found),
            trusts=any(claim in token.text for claim in EDITABLE_CLAIMS for token in found),
            is_dynamic=function.language == "plpgsql" and any(token.is_word("execute") for token in found),
        )


def is_standard(function: FunctionState) -> bool:
    """Whether the body was parsed when the function was made, so that no search path can change what it means."""
    return function.language == "sql" and function.source.lstrip().lower().startswith(_STANDARD)


def _tokens(text: str) -> list[Token]:
    """As far as the text can be read."""
    found: list[Token] = []
    with contextlib.suppress(NotUnderstood):
        for token in tokens(text):
            found.append(token)  # noqa: PERF402 (extend need not keep what came before an error)
    return found


def _path(setting: str) -> tuple[str, ...]:
    return tuple(token.text for token in _tokens(setting) if token.kind in ("word", "quoted", "string") and token.text)


def _relations(found: list[Token], path: tuple[str, ...]) -> Iterator[QualifiedName]:
    for index, token in enumerate(found[1:], 1):
        before = found[index - 1]
        if token.kind in ("word", "quoted") and before.kind == "word" and before.text in _BEFORE_RELATION:
            if index + 2 < len(found) and found[index + 1].is_mark("."):
                yield QualifiedName(token.text, found[index + 2].text)
            else:
                yield from (QualifiedName(schema, token.text) for schema in path)


def _calls(found: list[Token]) -> Iterator[tuple[str | None, str]]:
    for index, token in enumerate(found[:-1]):
        if token.kind in ("word", "quoted") and found[index + 1].is_mark("("):
            qualified = index > 1 and found[index - 1].is_mark(".")
            yield found[index - 2].text if qualified else None, token.text


def _asks(found: list[Token]) -> bool:
    if any(token.kind == "string" and token.text.startswith(_CALLER_SETTINGS) for token in found):
        return True
    return any(schema == "auth" and name in _CALLER_CALLS for schema, name in _calls(found))
