"""The script and the algorithm in Python answer the same, number for number, and remember the same."""

from __future__ import annotations

import random

import pytest
import redis

from gateway.bus import load_script
from gateway.limits import Demand, Limit, Rate
from gateway.limits.gcra import KEPT_DEBT, step

CLOCK = "redis.call('TIME')"
SCRIPT = load_script("gateway.limits", "gcra").text
EPOCH = 1_790_000_000_000_000
"""Microseconds; of a year in which numbers have as many digits as they will have."""

# Of long intervals, because keys expire by the server's clock and not by the one given to the script.
RATES = [Rate(1, 3600), Rate(7, 3600), Rate(1000, 86400), Rate(999, 86400, 3), Rate(24, 86400, 1), Rate(100, 3600, 99)]


def with_clock(now: int) -> str:
    assert SCRIPT.count(CLOCK) == 1
    return SCRIPT.replace(CLOCK, f"{{'{now // 1_000_000}', '{now % 1_000_000}'}}")


@pytest.mark.parametrize("seed", range(60))
def test_over_random_sequences(store: redis.Redis, seed: int) -> None:
    chance = random.Random(seed)
    limits = [Limit(str(index), chance.choice(RATES), "test") for index in range(chance.randint(1, 4))]
    tats: dict[str, int] = {}
    now = EPOCH + chance.randrange(10**9)
    outcomes = set()
    for _ in range(60):
        now += chance.choice([0, 1, 999, chance.randrange(10**6), chance.randrange(10**10), -chance.randrange(10**6)])
        demands = [
            Demand(limit, chance.choice([1, 1, 1, 2, chance.randint(1, 2 * limit.rate.burst)]))
            for limit in chance.sample(limits, chance.randint(1, len(limits)))
        ]
        charge = chance.random() < 0.15
        keys = [f"agree:{seed}:{{x}}:{limit.name}" for limit, _ in demands]
        args: list[object] = ["charge" if charge else "take", KEPT_DEBT]
        for limit, units in demands:
            args += [limit.rate.interval, limit.rate.capacity, units]
        answer = store.eval(with_clock(now), len(keys), *keys, *args)

        taken, ahead = step(demands, [tats.get(key) for key in keys], now, charge=charge)
        assert answer == [int(taken), *ahead]
        if taken:
            tats.update({key: now + lead for key, lead in zip(keys, ahead, strict=True)})
        assert {key: store.get(key) for key in keys} == {key: str(tats[key]) if key in tats else None for key in keys}
        outcomes.add((taken, charge))
    assert len(outcomes) > 1


def test_keys_expire_when_nothing_is_used_any_more(store: redis.Redis) -> None:
    for interval, capacity, units, milliseconds in ((1000, 10_000, 3, 4), (60_000_000, 60_000_000, 1, 60_001)):
        key = f"expire:{interval}"
        taken, ahead = store.eval(SCRIPT, 1, key, "take", KEPT_DEBT, interval, capacity, units)
        assert (taken, ahead) == (1, interval * units)
        left = store.pttl(key)
        assert left == -2 or 0 <= left <= milliseconds
        assert milliseconds < 100 or left > 50_000


@pytest.mark.parametrize("garbage", ["", "x", "-1", "{}", "\x00"])
def test_what_is_no_time_counts_as_nothing(store: redis.Redis, garbage: str) -> None:
    store.set("garbage", garbage, px=60_000)
    assert store.eval(SCRIPT, 1, "garbage", "take", KEPT_DEBT, 10**6, 10**7, 1) == [1, 10**6]
    store.delete("garbage")
    store.hset("garbage", "a", "b")
    assert store.eval(SCRIPT, 1, "garbage", "take", KEPT_DEBT, 10**6, 10**7, 1) == [1, 10**6]
    store.delete("garbage")


def test_a_time_far_ahead_is_cut_to_the_debt_that_is_kept(store: redis.Redis) -> None:
    store.set("ahead", str(9 * 10**15), px=60_000)
    assert store.eval(SCRIPT, 1, "ahead", "take", KEPT_DEBT, 10**6, 10**7, 1) == [0, KEPT_DEBT * 10**7]
    store.delete("ahead")
