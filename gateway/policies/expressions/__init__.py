"""SQL expressions of policies as text with exact positions: their clauses, what they name, what can be called once."""

from gateway.policies.expressions.calls import Call
from gateway.policies.expressions.clauses import Clause, clauses, walk
from gateway.policies.expressions.mutants import Mutant, mutants
from gateway.policies.expressions.parsing import ParseProblem, parse_problem
from gateway.policies.expressions.references import Mention, References, references
from gateway.policies.expressions.scopes import Column, Relation
from gateway.policies.expressions.wrap import Stable, wrap
from gateway.sqltext import NotUnderstood

__all__ = [
    "Call",
    "Clause",
    "Column",
    "Mention",
    "Mutant",
    "NotUnderstood",
    "ParseProblem",
    "References",
    "Relation",
    "Stable",
    "clauses",
    "mutants",
    "parse_problem",
    "references",
    "walk",
    "wrap",
]
