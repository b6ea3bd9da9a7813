"""Plans and problems as JSON values, for programs that read them."""

from __future__ import annotations

from typing import Any

from gateway.policies.plan import Plan, in_words, subject, summary
from gateway.policies.plan.ddl import statements
from gateway.policies.problems import Problem


def plan_document(plan: Plan) -> dict[str, Any]:
    """`plan` is the digest to apply it by; `needs_allow` the kind of loss to allow, or null."""
    return {
        "plan": plan.digest,
        "files": plan.policy_set.digest,
        "summary": summary(plan.changes),
        "changes": [
            {
                "subject": subject(change),
                "words": in_words(change),
                "needs_allow": change.loss,
                "sql": list(statements(change)),
            }
            for change in plan.changes
        ],
        "notes": list(plan.notes),
    }


def problem_document(problem: Problem) -> dict[str, Any]:
    """`file`, `line` and `column` are null for what only the database knows."""
    place = problem.place
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "subject": problem.subject or None,
        "fix": problem.fix or None,
    }
