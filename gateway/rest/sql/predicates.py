"""Columns and filters as SQL."""

from __future__ import annotations

from collections.abc import Callable

from gateway.rest.grammar.syntax import Comparison, FullText, Is, IsDistinct, Membership, Quantifier
from gateway.rest.plan.model import ColumnRef, Group, Predicate, Presence, Test
from gateway.rest.sql.arguments import Arguments
from gateway.rest.sql.names import qualified, quote_identifier

_BY_PARSER = frozenset({"LIKE", "ILIKE"})
"""Operators whose operand is a pattern, and no value of the column's type."""


def column(ref: ColumnRef, prefix: str, arguments: Arguments) -> str:
    """A column, with its JSON path; `prefix` is the quoted name of the rows it belongs to."""
    if ref.whole_row:
        return prefix
    text = f"{prefix}.*" if ref.name == "*" else f"{prefix}.{quote_identifier(ref.name)}"
    if not ref.path:
        return text
    if ref.to_json:
        text = f"pg_catalog.to_jsonb({text})"
    for step in ref.path:
        operand = arguments.text(step.operand)
        text += f"{'->>' if step.as_text else '->'}{operand}{'::int' if step.is_index else ''}"
    return text


def represented(ref: ColumnRef, prefix: str, arguments: Arguments) -> str:
    """A column for output: its domain's JSON representation if there is one."""
    text = column(ref, prefix, arguments)
    return f"{qualified(ref.representation)}({text})" if ref.representation else text


Embedded = Callable[[Presence], str]
"""How the presence of an embed's rows is tested: reads look at the join, counts at the tables."""


def predicate(condition: Predicate, prefix: str, arguments: Arguments, embedded: Embedded) -> str:
    """A condition as a boolean expression."""
    match condition:
        case Group(operator, children, negated):
            parts = (predicate(child, prefix, arguments, embedded) for child in children)
            return f"{'NOT ' if negated else ''}({f' {operator} '.join(parts)})"
        case Presence():
            return embedded(condition)
        case Test():
            text = _test(condition, prefix, arguments)
            return f"NOT {text}" if condition.negated else text


def _test(test: Test, prefix: str, arguments: Arguments) -> str:
    left = column(test.column, prefix, arguments)
    match test.operation:
        case Comparison(operator, slot, quantifier):
            value = arguments.slot(slot)
            if operator not in _BY_PARSER:
                value = _parsed(value, test.column)
            return f"{left} {operator} {_quantified(value, quantifier)}"
        case Membership(slot):
            return f"{left} = ANY ({_parsed_elements(arguments.slot(slot), test.column)})"
        case Is(keyword):
            return f"{left} IS {keyword}"
        case IsDistinct(slot):
            return f"{left} IS DISTINCT FROM {arguments.slot(slot)}"
        case FullText(function, language, slot):
            configuration = f"{arguments.text(language)}, " if language is not None else ""
            if test.as_tsvector:
                left = f"pg_catalog.to_tsvector({configuration}{left})"
            return f"{left} @@ pg_catalog.{function}({configuration}{arguments.slot(slot)})"


def _quantified(value: str, quantifier: Quantifier | None) -> str:
    return f"{quantifier.value} ({value})" if quantifier else value


def _parsed(value: str, ref: ColumnRef) -> str:
    return f"{qualified(ref.representation)}({value})" if ref.representation else value


def _parsed_elements(value: str, ref: ColumnRef) -> str:
    if ref.representation is None:
        return value
    return f"SELECT {qualified(ref.representation)}(pg_catalog.unnest({value}::text[]))"
