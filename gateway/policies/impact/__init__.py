"""Whose rows appear and disappear when policy files are applied: tried in a transaction that is rolled back."""

from gateway.policies.impact.impact import impact
from gateway.policies.impact.model import Budget, Effect, Impact, Rows, Sample, Unfinished
from gateway.policies.impact.words import impact_document, impact_lines

__all__ = [
    "Budget",
    "Effect",
    "Impact",
    "Rows",
    "Sample",
    "Unfinished",
    "impact",
    "impact_document",
    "impact_lines",
]
