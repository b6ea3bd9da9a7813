"""An explanation as lines of text: a tree with ✓ for what holds, ✗ for what does not, ? for what nobody knows. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from gateway.policies.explain.model import (
    Condition,
    Considered,
    Explanation,
    Outcome,
    Privilege,
    Question,
    Standing,
    Step,
)
from gateway.policies.explain.truth import Possible, Truth
from gateway.policies.model import PUBLIC
from gateway.sqltext import NotUnderstood, tokens

YES: Final = "✓"
NO: Final = "✗"
OPEN: Final = "?"
INDENT: Final = "  "
_LONGEST_VALUE: Final = 60
_ANSWERS: Final = {Truth.TRUE: "YES", Truth.FALSE: "NO", Truth.ERROR: "ERROR", None: "IT DEPENDS"}
_DONE: Final = {Truth.TRUE: "done", Truth.FALSE: "no row"}
_MARKS: Final = {Truth.TRUE: YES, Truth.FALSE: NO, Truth.NULL: NO, Truth.ERROR: OPEN}
_OPERANDS: Final = {"or": "any of", "and": "all of", "not": "not"}


def lines(explanation: Explanation) -> list[str]:
    """The explanation for people. Each line begins with its mark, after two spaces for each level."""
    return [f"{_heading(explanation)} {_answer(explanation.outcome)}", *_indented(_body(explanation))]


def _body(explanation: Explanation) -> Iterator[str]:
    question, outcome = explanation.question, explanation.outcome
    yield f"{question.persona.name} is {_identity(question)}"
    yield from _row_lines(explanation)
    for privilege in outcome.privileges:
        yield privilege_line(privilege, explanation.standing, question.table.schema)
    if explanation.unfiltered:
        yield f"{YES} no row security: {explanation.unfiltered}"
    for step in outcome.steps:
        yield from _step(step, question)
    yield from explanation.notes
    yield from _tried(outcome, explanation.standing)
    if explanation.reading_back is not None:
        yield f"and with the new row as its answer (return=representation)? {_answer(explanation.reading_back)}"
        yield from _indented(_reading_back(explanation, explanation.reading_back))


def _reading_back(explanation: Explanation, outcome: Outcome) -> Iterator[str]:
    further = [privilege for privilege in outcome.privileges if privilege not in explanation.outcome.privileges]
    for privilege in further:
        yield privilege_line(privilege, explanation.standing, explanation.question.table.schema)
    for step in outcome.steps[len(explanation.outcome.steps) :]:
        yield from _step(step, explanation.question)
    yield from _tried(outcome, explanation.standing)


def _heading(explanation: Explanation) -> str:
    question = explanation.question
    name = question.persona.name
    match question.verb:
        case "select":
            return f"{question.table} {_which(explanation)}: visible to {name}?"
        case "insert":
            return f"{question.table} {_values(question.values)}: may {name} insert it?"
        case "update":
            changes = f" to {_values(question.values)}" if question.values else ""
            return f"{question.table} {_which(explanation)}: may {name} update it{changes}?"
        case "delete":
            return f"{question.table} {_which(explanation)}: may {name} delete it?"


def _which(explanation: Explanation) -> str:
    return f"row {_values(explanation.key)}"


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in values.items()) or "(defaults)"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _identity(question: Question) -> str:
    claims = ", ".join(f"{name} {_value(value)}" for name, value in question.persona.claims.items() if name != "role")
    return f"role {question.persona.role}{f', {claims}' if claims else ', without claims'}"


def _answer(outcome: Outcome) -> str:
    incomplete = " — EXPLANATION INCOMPLETE" if outcome.agrees is False else ""
    return f"{_ANSWERS[outcome.answer]}{incomplete}"


# -- the rows ---------------------------------------------------------------------------------------------------------


def _row_lines(explanation: Explanation) -> Iterator[str]:
    used = _mentioned(explanation)
    for word, row in (("row", explanation.row), ("new row", explanation.new_row)):
        if row is not None:
            shown = {name: value for name, value in row.items() if name in used}
            yield f"{word}: {_values(shown)}" if shown else f"{word}: no policy looks at its columns"


def _mentioned(explanation: Explanation) -> set[str]:
    names: set[str] = set()
    for step in (explanation.reading_back or explanation.outcome).steps:
        for considered in step.considered:
            if considered.condition is not None:
                names |= _names(considered.condition.sql)
    return names


def _names(sql: str) -> set[str]:
    try:
        return {token.text for token in tokens(sql) if token.kind in ("word", "quoted")}
    except NotUnderstood:
        return set()


# -- privileges -------------------------------------------------------------------------------------------------------


def privilege_line(privilege: Privilege, standing: Standing, schema: str) -> str:
    """Whether a role has a privilege on something in `schema`, whence, and how to grant it if not."""
    role, name = standing.role, privilege.name
    if privilege.sequence is not None:
        may = "may" if privilege.held else "may not"
        return f"{YES if privilege.held else NO} grant: {role} {may} number new rows ({privilege.sequence})"
    if not standing.enters_schema:
        return f"{NO} grant: {role} has no usage of schema {schema}"
    if not privilege.held:
        missing = ", ".join(privilege.missing)
        fix = f"{{ {role}: {{ {name}: {f'[{missing}]' if missing else 'all'} }} }}"
        return f"{NO} grant: {role} may not {name}{f' {missing}' if missing else ''}   → grants: {fix}"
    if not privilege.holders:
        why = "a superuser" if standing.superuser else "the owner" if standing.owns else "a predefined role"
        return f"{YES} grant: {role} may {name} as {why}"
    held = "; ".join(f"{_role(role)} may {name} ({_columns(names)})" for role, names in privilege.holders)
    return f"{YES} grant: {held}"


def _columns(names: Iterable[str] | None) -> str:
    return "all columns" if names is None else ", ".join(sorted(names))


def _role(role: str) -> str:
    return "everybody" if role == PUBLIC else role


# -- policies ---------------------------------------------------------------------------------------------------------


def _step(step: Step, question: Question) -> Iterator[str]:
    row = "the new row" if step.image == "new" else "the row"
    because = ""
    if step.verb != question.verb:
        because = f", because {'the answer' if question.verb == 'insert' else 'finding the row'} reads columns"
    yield f"{_mark(step.possible)} {row} by the policies for {step.verb} ({step.clause}){because}"
    applying = [considered for considered in step.considered if considered.applies]
    if not any(considered.policy.permissive for considered in applying):
        role = question.persona.role
        yield f"{INDENT}{NO} no permissive policy for {step.verb} is for {role}: nothing is let through"
    for considered in applying:
        yield from _indented(_considered(considered))
    for considered in step.considered:
        if not considered.applies:
            yield f"{INDENT}· {_policy(considered)}: {considered.elsewhere}"


def _considered(considered: Considered) -> Iterator[str]:
    condition = considered.condition
    if condition is None:
        effect = "lets nothing through" if considered.policy.permissive else "restricts nothing"
        yield f"{NO if considered.policy.permissive else YES} {_policy(considered)}: has no condition, {effect}"
        return
    first, *below = _condition(condition)
    mark, rest = first.split(" ", 1)
    yield f"{mark} {_policy(considered)}: {rest}"
    yield from below


def _policy(considered: Considered) -> str:
    place = f" ({considered.place.file}:{considered.place.line})" if considered.place is not None else ""
    return f"{'' if considered.policy.permissive else 'restrictive '}{considered.policy.name}{place}"


def _condition(condition: Condition) -> Iterator[str]:
    text = _OPERANDS.get(condition.kind, condition.sql)
    result = f" → {condition.message}" if condition.message else ""
    if condition.truth is Truth.NULL:
        result = " → null"
    elif condition.truth is Truth.ERROR:
        result = f" → error {condition.message}"
    yield f"{_mark(condition.possible, condition.truth)} {text}{result}"
    for part in condition.parts:
        yield from _indented(_condition(part))


def _mark(possible: Possible, truth: Truth | None = None) -> str:
    found = truth or (next(iter(possible)) if len(possible) == 1 else None)
    return _MARKS[found or Truth.ERROR]


# -- what PostgreSQL did ----------------------------------------------------------------------------------------------


def _tried(outcome: Outcome, standing: Standing) -> Iterator[str]:
    if outcome.not_tried:
        yield f"{OPEN} not tried: {outcome.not_tried}"
    attempt = outcome.attempt
    if attempt is None:
        return
    result = f"{attempt.sqlstate}: {attempt.message}" if attempt.sqlstate else _DONE[attempt.outcome]
    unclear = attempt.elsewhere and not outcome.confirmed
    mark = OPEN if unclear else _MARKS[attempt.outcome]
    yield f"{mark} tried as {standing.role}, and undone: {result}"
    if unclear:
        yield f"{INDENT}policies need not be the reason: {attempt.elsewhere}"
    if outcome.agrees is False:
        said = " or ".join(_ANSWERS[truth] for truth in sorted(outcome.possible))
        yield f"{OPEN} EXPLANATION INCOMPLETE: the above comes to {said}."
        yield f"{INDENT}Believe PostgreSQL, and report this as a defect."


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"{INDENT}{line}" for line in lines)
