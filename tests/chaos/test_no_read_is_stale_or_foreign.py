"""The checker for half a minute, with everything that can go wrong in that time. `make chaos` runs it for longer."""

from __future__ import annotations

from dataclasses import replace

from tests.chaos.campaign import Plan
from tests.chaos.conftest import Campaign
from tests.chaos.faults import FAULTS

PLAN = Plan(seconds=15, fault_pause=1.0)


async def test_three_instances_while_nothing_fails(campaign: Campaign) -> None:
    tally = await campaign(replace(PLAN, seconds=8))
    assert not tally.found, tally.told()
    assert tally.reads > 1000
    assert not tally.unknown


async def test_three_instances_while_everything_fails(campaign: Campaign) -> None:
    tally = await campaign(replace(PLAN, faults=frozenset(FAULTS)))
    assert not tally.found, tally.told()
    assert tally.reads > 1000
    assert tally.faults
