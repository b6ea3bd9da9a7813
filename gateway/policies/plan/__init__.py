"""Files against a database: what would change, in words and as SQL; and applying it in one transaction."""

from gateway.policies.plan.applying import Application, apply, enforce
from gateway.policies.plan.changes import Change, Loss, subject
from gateway.policies.plan.compiled import Compiled, CompiledPolicy, CompiledTable, compile_set
from gateway.policies.plan.errors import ApplyError, Interrupted, LossRefused, PlanOutdated
from gateway.policies.plan.planning import Connection, Examined, Plan, examine, make_plan, plan_of, ruled_digest
from gateway.policies.plan.tracking import vouched
from gateway.policies.plan.words import Sentence, by_subject, in_words, lines, sentences, summary

__all__ = [
    "Application",
    "ApplyError",
    "Change",
    "Compiled",
    "CompiledPolicy",
    "CompiledTable",
    "Connection",
    "Examined",
    "Interrupted",
    "Loss",
    "LossRefused",
    "Plan",
    "PlanOutdated",
    "Sentence",
    "apply",
    "by_subject",
    "compile_set",
    "enforce",
    "examine",
    "in_words",
    "lines",
    "make_plan",
    "plan_of",
    "ruled_digest",
    "sentences",
    "subject",
    "summary",
    "vouched",
]
