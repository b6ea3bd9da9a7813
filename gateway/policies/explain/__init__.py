"""Why a persona may or may not do something with a row, checked by letting PostgreSQL try."""

from gateway.policies.explain.document import document
from gateway.policies.explain.explaining import Manner, as_applied, explain, explain_as_applied
from gateway.policies.explain.model import Attempt, Condition, Considered, Explanation, Outcome, Question, Step
from gateway.policies.explain.places import Places, places
from gateway.policies.explain.reads import Calling, Count, Reading, Touched, explain_calls, explain_reads
from gateway.policies.explain.truth import Truth
from gateway.policies.explain.words import lines

__all__ = [
    "Attempt",
    "Calling",
    "Condition",
    "Considered",
    "Count",
    "Explanation",
    "Manner",
    "Outcome",
    "Places",
    "Question",
    "Reading",
    "Step",
    "Touched",
    "Truth",
    "as_applied",
    "document",
    "explain",
    "explain_as_applied",
    "explain_calls",
    "explain_reads",
    "lines",
    "places",
]
