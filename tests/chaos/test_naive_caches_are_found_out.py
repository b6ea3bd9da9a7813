"""The checker finds what it is made for: each of these caches is wrong in a way of its own, the last one rarely."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.campaign import Plan
from tests.chaos.conftest import Campaign
from tests.chaos.naive import Careless, Indiscreet, Racy, shared
from tests.chaos.stories import FOREIGN, STALE

PLAN = Plan(seconds=60, instances=1, rules=False, pause=0.05, enough_violations=1)


@pytest.mark.parametrize(("cache", "kind"), [(Careless, STALE), (Indiscreet, FOREIGN), (Racy, STALE)])
async def test_a_cache_of_a_few_lines(campaign: Campaign, cache: type[Careless], kind: str) -> None:
    enough = 300 if kind == FOREIGN else 1  # it is out of date, too
    tally = await campaign(replace(PLAN, between=shared(cache), enough_violations=enough))
    assert tally.found[kind] > 0, tally.told()
