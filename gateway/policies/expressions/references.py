"""What an expression names: columns, relations, functions, settings and the clock, each with its place. Pure.

Calls, settings and the clock are read from the tokens. Columns and relations come from sqlglot's tree, because they
need the scopes of subqueries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gateway.policies.expressions.calls import Call, calls
from gateway.policies.expressions.keywords import CLOCK_FUNCTIONS, CLOCK_WORDS, ROLE_WORDS
from gateway.policies.expressions.parsing import ParseProblem, parsed
from gateway.policies.expressions.scopes import Column, Relation, names
from gateway.policies.expressions.syntax import Syntax


class Mention(NamedTuple):
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class References:
    """`columns` can only be those of the table that the expression is about; `inner_columns` stand in subqueries and
    may belong to their relations. `functions` leaves out calls of `current_setting` by literal name: these are
    `settings`. `clock` are the words and functions that tell the time, `roles` those like `current_user`. Columns that
    nobody writes are missing: those that NATURAL JOIN compares, and `n` of `(items).n`, which names the row `items`.

    If there is a `problem`, columns and relations may be missing; if it is certain, anything may."""

    columns: tuple[Column, ...] = ()
    inner_columns: tuple[Column, ...] = ()
    relations: tuple[Relation, ...] = ()
    functions: tuple[Call, ...] = ()
    settings: frozenset[str] = frozenset()
    clock: tuple[Mention, ...] = ()
    roles: tuple[Mention, ...] = ()
    parameters: tuple[Mention, ...] = ()
    problem: ParseProblem | None = None


def references(text: str) -> References:
    """Never fails: see `References.problem`."""
    read = parsed(text)
    found = read.syntax
    if found is None:
        return References(problem=read.problem)
    named = names(found, read.tree)
    called = calls(found, read.special)
    settings = {call: call.setting for call in called if call.setting is not None}
    clock = [_mention(found, call.start, call.end) for call in called if _tells_time(call)]
    return References(
        columns=tuple(column for column in named.columns if column.is_own),
        inner_columns=tuple(column for column in named.columns if not column.is_own),
        relations=named.relations,
        functions=tuple(call for call in called if call not in settings),
        settings=frozenset(settings.values()),
        clock=tuple(sorted([*_words(found, CLOCK_WORDS), *clock], key=lambda mention: mention.start)),
        roles=_words(found, ROLE_WORDS),
        parameters=tuple(
            Mention(token.text, token.start, token.end)
            for index, token in enumerate(found.tokens)
            if token.kind == "other" and token.text[0] == "$" and found.is_number(index)
        ),
        problem=read.problem,
    )


def _words(found: Syntax, words: frozenset[str]) -> tuple[Mention, ...]:
    return tuple(
        Mention(key, token.start, token.end)
        for key, token in zip(found.keys, found.tokens, strict=True)
        if key in words
    )


def _mention(found: Syntax, start: int, end: int) -> Mention:
    return Mention(found.text[start:end], start, end)


def _tells_time(call: Call) -> bool:
    if call.schema not in (None, "pg_catalog"):
        return False
    # With one argument it counts from today.
    return call.name in CLOCK_FUNCTIONS or (call.name == "age" and call.arguments == 1)
