"""With one of the things switched off that keep the cache right, the checker must say so."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests.chaos.campaign import Plan
from tests.chaos.conftest import Campaign
from tests.chaos.stories import FOREIGN, IMPOSSIBLE, STALE, TORN

PLAN = Plan(seconds=80, rules=False, enough_violations=1)
CUTS = {"faults": frozenset({"line cut", "line reset"}), "fault_pause": 0.7, "instances": 2, "through": (0,)}
SLOW = {"kinds": frozenset({"slow view"}), "pause": 0.05}
LAWS = {
    "rules": True,
    "rules_pause": 1.0,
    "pause": 0.4,
    "kinds": frozenset({"list", "list counted", "by id"}),
}
LONG = pytest.mark.skipif("PASSERELLE_LONG_TESTS" not in os.environ, reason="takes a minute: set PASSERELLE_LONG_TESTS")
OF_READS = {STALE, FOREIGN, TORN, IMPOSSIBLE}


@pytest.mark.parametrize(
    ("plant", "particulars"),
    [
        ("stamps", {}),
        ("lease", CUTS),
        ("touches", {}),
        pytest.param("fill", SLOW, marks=LONG),
        pytest.param("flights", SLOW, marks=LONG),
        ("claims", {}),
        ("definitions", LAWS),
    ],
)
async def test_a_planted_bug(campaign: Campaign, plant: str, particulars: dict[str, object]) -> None:
    tally = await campaign(replace(PLAN, settings={"PASSERELLE_TEST_PLANT": plant}, **particulars))
    assert OF_READS & set(tally.found), tally.told()
