"""The reference application's policy files do what their tests say, and the tests would notice if they did not."""

from __future__ import annotations

import pytest

from gateway.paths import policies_directory
from gateway.policies import PolicySet, read_set
from gateway.policies.model import VERBS
from gateway.policies.testing import Fate, run_mutants, run_tests


@pytest.fixture(scope="module")
def hublib() -> PolicySet:
    return read_set(policies_directory() / "hublib")


async def test_the_tests_of_hublib_pass(hublib_database: str, hublib: PolicySet) -> None:
    report = await run_tests(hublib_database, hublib, hublib.probes)
    assert [str(result) for result in report.results if not result.passed] == []
    assert len(report.results) == len(hublib.probes)


def test_every_privilege_is_tried(hublib: PolicySet) -> None:
    """By a persona of the role that is granted it."""
    tried = {(probe.action.table, probe.action.verb, probe.persona.role) for probe in hublib.probes}
    granted = {
        (rules.table, grant.privilege, grant.role)
        for rules in hublib.tables
        for grant in rules.grants
        if grant.privilege in VERBS
    }
    assert granted - tried == set()
    assert len(granted) > 80


async def test_no_mutant_of_hublib_survives(hublib_database: str, hublib: PolicySet) -> None:
    report = await run_mutants(hublib_database, hublib, lambda done, total: None)
    assert [f"{trial.mutant} → {trial.note}" for trial in report.trials if trial.fate is Fate.SURVIVED] == []
    # Nothing to kill would be no success.
    assert sum(trial.fate is Fate.KILLED for trial in report.trials) > 500
