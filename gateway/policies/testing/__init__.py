"""Tests of policy files: who gets which rows, tried on a database; and whether the tests notice every small fault."""

from gateway.policies.testing.junit import junit
from gateway.policies.testing.mutants import Mutant
from gateway.policies.testing.mutation import Fate, Progress, Trial
from gateway.policies.testing.results import Result, Verdict
from gateway.policies.testing.suite import Report, chosen, run_mutants, run_tests

__all__ = [
    "Fate",
    "Mutant",
    "Progress",
    "Report",
    "Result",
    "Trial",
    "Verdict",
    "chosen",
    "junit",
    "run_mutants",
    "run_tests",
]
