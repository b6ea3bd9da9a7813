"""GCRA by tables: bursts, the pace after them, several limits at once, debts, and what callers are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import Demand, Limit, Rate, Standing
from gateway.limits.gcra import KEPT_DEBT, step
from gateway.limits.memory import Memory
from gateway.limits.model import verdict
from gateway.rates import read_rate

SECOND = 1_000_000
NOW = 1_790_000_000 * SECOND


def limit(rate: Rate, name: str = "l") -> Limit:
    return Limit(name, rate, "test")


@pytest.mark.parametrize(
    ("text", "interval", "burst", "again"),
    [
        ("600/min", 100_000, 600, "600/min"),
        ("7/min", 8_571_429, 7, "7/min"),
        ("120/min burst 40", 500_000, 40, "120/min burst 40"),
        (" 1/d ", 86_400 * SECOND, 1, "1/d"),
        ("3/h burst 3", 1200 * SECOND, 3, "3/h"),
        ("1000000000/s", 1, 1_000_000_000, "1000000000/s"),
    ],
)
def test_rates(text: str, interval: int, burst: int, again: str) -> None:
    rate = read_rate(text)
    assert (rate.interval, rate.burst, rate.capacity, str(rate)) == (interval, burst, interval * burst, again)


@pytest.mark.parametrize(
    "text",
    ["", "600", "600/m", "0/s", "-1/s", "1.5/s", "1/s burst", "1/s burst 2", "1/s burst 0", "1/s, 2/s", "1000000001/s"],
)
def test_no_rates(text: str) -> None:
    with pytest.raises(ValueError):
        read_rate(text)


class Caller:
    """Asks a memory whose clock stands still between `later`."""

    def __init__(self, *limits: Limit) -> None:
        self.limits = limits
        self.now = NOW
        self.memory = Memory(clock=lambda: self.now)

    def ask(self, *units: int, charge: bool = False) -> bool:
        demands = [
            Demand(each, count) for each, count in zip(self.limits, units or [1] * len(self.limits), strict=True)
        ]
        return self.memory.step([each.name for each in self.limits], demands, charge=charge)[0]

    def later(self, seconds: float) -> Caller:
        self.now += round(seconds * SECOND)
        return self


def test_a_burst_and_then_one_by_one() -> None:
    caller = Caller(limit(Rate(10, 60)))
    assert [caller.ask() for _ in range(12)] == [True] * 10 + [False] * 2
    assert not caller.later(5.999).ask()
    assert caller.later(0.001).ask()
    assert not caller.ask()
    assert [caller.later(60).ask() for _ in range(1)] == [True]
    assert [caller.ask() for _ in range(10)] == [True] * 9 + [False]


def test_a_smaller_burst_has_the_same_pace() -> None:
    caller = Caller(limit(Rate(60, 60, 2)))
    assert [caller.ask() for _ in range(3)] == [True, True, False]
    passed = sum(caller.later(0.5).ask() for _ in range(120))
    assert passed == 60


def test_refusals_cost_nothing() -> None:
    caller = Caller(limit(Rate(1, 10)))
    assert caller.ask()
    assert not any(caller.later(0.99).ask() for _ in range(10))
    assert caller.later(0.1).ask()


def test_of_several_limits_all_or_none_are_taken() -> None:
    wide, narrow = limit(Rate(100, 3600), "wide"), limit(Rate(1, 3600), "narrow")
    caller = Caller(wide, narrow)
    assert [caller.ask() for _ in range(50)] == [True] + [False] * 49
    demands = [Demand(wide)]
    assert sum(caller.memory.step(["wide"], demands)[0] for _ in range(100)) == 99


def test_units() -> None:
    caller = Caller(limit(Rate(10, 10)))
    assert [caller.ask(units) for units in (7, 4, 3, 1)] == [True, False, True, False]
    assert not caller.later(3600).ask(11), "more than the burst is never there"


def test_charges_lead_into_debt_which_is_bounded() -> None:
    caller = Caller(limit(Rate(10, 10)))
    assert caller.ask(25, charge=True)
    assert not caller.later(15.9).ask()
    assert caller.later(0.1).ask()
    assert caller.ask(10**12, charge=True)
    assert not caller.later(10 * (KEPT_DEBT - 1)).ask()
    assert caller.later(1).ask()


def test_a_clock_set_back_locks_nobody_out() -> None:
    rate = Rate(10, 10)
    taken, ahead = step([Demand(limit(rate))], [NOW + 10**12], NOW)
    assert (taken, ahead) == (False, [KEPT_DEBT * rate.capacity])


def test_memory_keeps_those_used_last() -> None:
    memory = Memory(limit=3, clock=lambda: NOW)
    demands = [Demand(limit(Rate(1, 60)))]
    for key in ("a", "b", "c"):
        assert memory.step([key], demands)[0]
    assert not memory.step(["a"], demands)[0]
    assert memory.step(["d"], demands)[0]
    assert len(memory) == 3
    assert [memory.step([key], demands)[0] for key in ("a", "b")] == [False, True]


@pytest.mark.parametrize(
    ("rate", "units", "lead", "expected", "retry_after"),
    [
        (Rate(10, 10), 1, 1 * SECOND, Standing(limit(Rate(10, 10)), 9, SECOND), None),
        (Rate(10, 10), 1, 10 * SECOND, Standing(limit(Rate(10, 10)), 0, SECOND), None),
        (Rate(10, 10), 1, 9 * SECOND + 1, Standing(limit(Rate(10, 10)), 0, 1, refused=True), 1),
        (Rate(10, 10), 5, 7 * SECOND, Standing(limit(Rate(10, 10)), 3, SECOND, refused=True), 2),
        (Rate(10, 10), 1, 35 * SECOND, Standing(limit(Rate(10, 10)), 0, 26 * SECOND, refused=True), 26),
        (Rate(10, 10), 11, 0, Standing(limit(Rate(10, 10)), 10, 0, refused=True), None),
    ],
)
def test_what_is_told(rate: Rate, units: int, lead: int, expected: Standing, retry_after: int | None) -> None:
    found = verdict([Demand(limit(rate), units)], not expected.refused, [lead], local=False)
    assert (found.standings, found.retry_after) == ([expected], retry_after)


@given(
    st.tuples(st.integers(1, 50), st.integers(1, 5000)).flatmap(
        lambda rate: st.tuples(st.just(Rate(rate[0], rate[1])), st.integers(1, rate[0]), st.integers(0, 3 * 10**10))
    )
)
def test_who_waits_as_told_is_let_through_and_not_much_earlier(given: tuple[Rate, int, int]) -> None:
    rate, units, lead = given
    demands = [Demand(limit(rate), units)]
    taken, ahead = step(demands, [NOW + lead], NOW)
    told = verdict(demands, taken, ahead, local=False)
    if taken:
        assert told.retry_after is None
        return
    assert told.retry_after is not None
    after = NOW + told.retry_after * SECOND
    assert step(demands, [NOW + ahead[0]], after)[0]
    assert not step(demands, [NOW + ahead[0]], after - SECOND - 1)[0]
    assert told.retry_after * SECOND >= told.standings[0].wait, "the draft: not before the effective window ends"


@given(st.integers(1, 1000), st.integers(1, 86400), st.lists(st.integers(0, 10**9), max_size=200))
def test_no_window_holds_more_than_burst_and_rate_allow(count: int, seconds: int, gaps: list[int]) -> None:
    rate = Rate(count, seconds)
    now, tat, passed = NOW, None, []
    for gap in gaps:
        now += gap
        taken, (lead,) = step([Demand(limit(rate))], [tat], now)
        if taken:
            tat = now + lead
            passed.append(now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            earned = (passed[last] - passed[first]) // rate.interval
            assert last - first + 1 <= rate.burst + earned
