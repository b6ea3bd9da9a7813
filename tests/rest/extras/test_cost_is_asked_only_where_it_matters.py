"""When a read is explained before it runs, and when that was found out already."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pytest

from gateway.database import Caller
from gateway.identity import Identity
from gateway.rest.costs import CostGuard, Costing
from gateway.rest.costs.verdicts import Verdicts
from gateway.rest.errors import RestError
from gateway.rest.sql.arguments import Statement

ACTUAL, WORST = "actual", "worst"


def caller(role: str = "anon", claims: str = "{}") -> Caller:
    return Caller(Identity(role, claims, anonymous=False), "public")


def costing(*, worst: bool = True) -> Costing:
    return Costing(Statement(ACTUAL, (0,)), Statement(WORST, ()) if worst else None, ())


class Planner:
    """Answers EXPLAIN; the read costs what its only value says, and `worst` without it."""

    def __init__(self, worst: int) -> None:
        self.worst = worst
        self.asked: list[str] = []

    async def __call__(self, text: str, arguments: Sequence[str]) -> bytes:
        self.asked.append(text)
        cost = self.worst if text == WORST else int(arguments[0])
        return orjson.dumps([{"Plan": {"Node Type": "Result", "Total Cost": cost, "Plan Rows": 1}}])


async def test_what_is_cheap_at_its_worst_is_asked_once() -> None:
    guard, planner, read = CostGuard({"anon": 100}), Planner(worst=50), costing()
    for value in ("1", "2", "3"):
        await guard.check(caller(), read, [value], planner)
    assert planner.asked == [WORST]
    assert guard.is_cheap(caller(), read, ["4"])


async def test_filters_and_counts_cost_something_too() -> None:
    guard, planner = CostGuard({"anon": 100}), Planner(worst=51)
    await guard.check(caller(), costing(), ["1"], planner)
    assert planner.asked == [WORST, ACTUAL]


async def test_otherwise_each_value_is_asked_about() -> None:
    guard, planner, read = CostGuard({"anon": 100}), Planner(worst=1000), costing()
    for value in ("1", "1", "2"):
        await guard.check(caller(), read, [value], planner)
    assert planner.asked == [WORST, ACTUAL, ACTUAL]
    assert guard.is_cheap(caller(), read, ["1"])
    assert not guard.is_cheap(caller(), read, ["3"])


async def test_a_refusal_is_not_remembered() -> None:
    guard, planner, read = CostGuard({"anon": 100}), Planner(worst=1000), costing(worst=False)
    for _ in range(2):
        with pytest.raises(RestError) as refusal:
            await guard.check(caller(), read, ["101"], planner)
        assert refusal.value.code == "PGRSTX60"
    assert planner.asked == [ACTUAL, ACTUAL]
    await guard.check(caller(), read, ["100"], planner)


async def test_long_values_are_not_kept() -> None:
    guard, planner, read = CostGuard({"anon": 100}), Planner(worst=1000), costing(worst=False)
    value = "0" * 2000
    for _ in range(2):
        await guard.check(caller(), read, [value], planner)
    assert planner.asked == [ACTUAL, ACTUAL]


async def test_verdicts_are_an_identitys_and_a_plans() -> None:
    guard, planner, read = CostGuard({"*": 100}), Planner(worst=10), costing()
    await guard.check(caller(), read, ["1"], planner)
    assert guard.is_cheap(caller(), read, ["1"])
    assert not guard.is_cheap(caller(claims='{"sub": "x"}'), read, ["1"])
    assert not guard.is_cheap(caller("other"), read, ["1"])
    assert not guard.is_cheap(caller(), costing(), ["1"]), "another catalog has other plans"


async def test_roles_without_a_ceiling_are_never_asked_about() -> None:
    guard, planner = CostGuard({"anon": 100}), Planner(worst=1000)
    await guard.check(caller("admin"), costing(), ["5000"], planner)
    assert planner.asked == []
    assert guard.is_cheap(caller("admin"), costing(), ["5000"])


async def test_statistics_change_and_verdicts_end() -> None:
    now = [0.0]
    guard = CostGuard({"anon": 100}, Verdicts(lifetime=60, clock=lambda: now[0]))
    planner, read = Planner(worst=10), costing()
    await guard.check(caller(), read, ["1"], planner)
    now[0] = 59.0
    assert guard.is_cheap(caller(), read, ["1"])
    now[0], planner.worst = 61.0, 1000
    with pytest.raises(RestError):
        await guard.check(caller(), read, ["900"], planner)


def test_verdicts_are_bounded() -> None:
    verdicts = Verdicts(limit=2)
    for key in "abc":
        verdicts.say(key, cheap=True)
    assert [verdicts.of(key) for key in "abc"] == [None, True, True]
