"""An explanation as JSON values, for programs. Pure."""

from __future__ import annotations

from typing import Any

from gateway.policies.explain.model import Condition, Considered, Explanation, Outcome, Privilege, Step
from gateway.policies.explain.truth import Possible


def document(explanation: Explanation) -> dict[str, Any]:
    """`answer` is `true`, `false`, `error`, or null if it is open; `agrees` whether PostgreSQL did what the steps say,
    null if it was not tried or says nothing."""
    question = explanation.question
    persona = question.persona
    found: dict[str, Any] = {
        "table": str(question.table),
        "verb": question.verb,
        "persona": {"name": persona.name, "role": persona.role, "claims": dict(persona.claims)},
        "key": dict(explanation.key),
        "row": dict(explanation.row) if explanation.row is not None else None,
        "new_row": dict(explanation.new_row) if explanation.new_row is not None else None,
        "row_security": not explanation.unfiltered,
        "unfiltered": explanation.unfiltered or None,
        **_outcome(explanation.outcome),
        "notes": list(explanation.notes),
    }
    if explanation.reading_back is not None:
        found["reading_back"] = _outcome(explanation.reading_back)
    return found


def _outcome(outcome: Outcome) -> dict[str, Any]:
    attempt = outcome.attempt
    return {
        "answer": outcome.answer,
        "possible": _possible(outcome.possible),
        "agrees": outcome.agrees,
        "privileges": [_privilege(privilege) for privilege in outcome.privileges],
        "steps": [_step(step) for step in outcome.steps],
        "not_tried": outcome.not_tried or None,
        "attempt": attempt
        and {
            "sql": attempt.sql,
            "outcome": attempt.outcome,
            "sqlstate": attempt.sqlstate or None,
            "message": attempt.message or None,
            "elsewhere": attempt.elsewhere or None,
        },
    }


def _privilege(privilege: Privilege) -> dict[str, Any]:
    return {
        "name": privilege.name,
        "columns": list(privilege.columns) if privilege.columns is not None else None,
        "sequence": str(privilege.sequence) if privilege.sequence is not None else None,
        "held": privilege.held,
        "missing": list(privilege.missing),
        "holders": {role: sorted(columns) if columns is not None else None for role, columns in privilege.holders},
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "verb": step.verb,
        "clause": step.clause,
        "row": step.image,
        "possible": _possible(step.possible),
        "policies": [_considered(considered, step.clause) for considered in step.considered],
    }


def _considered(considered: Considered, clause: str) -> dict[str, Any]:
    policy = considered.policy
    return {
        "name": policy.name,
        "place": str(considered.place) if considered.place is not None else None,
        "permissive": policy.permissive,
        "roles": list(policy.roles),
        "applies": considered.applies,
        "clause": clause,
        "condition": _condition(considered.condition) if considered.condition is not None else None,
    }


def _condition(condition: Condition) -> dict[str, Any]:
    found: dict[str, Any] = {"sql": condition.sql, "truth": condition.truth}
    if condition.message:
        found["message"] = condition.message
    if condition.parts:
        found[condition.kind] = [_condition(part) for part in condition.parts]
    return found


def _possible(possible: Possible) -> list[str]:
    return sorted(possible)
