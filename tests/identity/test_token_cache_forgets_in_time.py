"""The cache of verified tokens: never older than the token, never larger than its bound, never a refusal."""

from __future__ import annotations

import random
from collections import OrderedDict

import pytest

from gateway.errors import GatewayError
from gateway.identity import Authenticator, IdentitySettings
from gateway.identity.sieve import Sieve
from tests.identity.tokens import NOW, SECRET, hs256


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


def authenticator(clock: Clock, **settings: int) -> Authenticator:
    return Authenticator(IdentitySettings(jwt_secret=SECRET, **settings), clock=clock)


def test_equal_tokens_give_the_same_object() -> None:
    subject = authenticator(Clock())
    token = hs256({"role": "a"})
    first = subject.identify("Bearer " + token, None)
    assert subject.identify("bearer " + token, None) is first
    assert subject.identify("Bearer " + hs256({"role": "b"}), None) is not first
    assert subject.identify(None, None) is subject.identify("Basic x", None)
    counts = subject.counts()
    assert (counts.requests, counts.hits, counts.evictions) == (3, 1, 0)


def test_a_cached_token_expires() -> None:
    clock = Clock()
    subject = authenticator(clock)
    header = "Bearer " + hs256({"exp": NOW + 10})
    subject.identify(header, None)
    clock.now = NOW + 40.9
    subject.identify(header, None)
    assert subject.counts().hits == 1
    clock.now = NOW + 41
    for _ in range(2):
        with pytest.raises(GatewayError, match="JWT expired"):
            subject.identify(header, None)
    assert subject.counts().hits == 1


@pytest.mark.parametrize(("claim", "message"), [("nbf", "JWT not yet valid"), ("iat", "JWT issued at future")])
def test_a_clock_set_back_is_noticed(claim: str, message: str) -> None:
    clock = Clock()
    subject = authenticator(clock)
    header = "Bearer " + hs256({claim: NOW})
    subject.identify(header, None)
    clock.now = NOW - 31.0
    with pytest.raises(GatewayError, match=message):
        subject.identify(header, None)


def test_refusals_are_not_kept() -> None:
    clock = Clock()
    subject = authenticator(clock)
    header = "Bearer " + hs256({"nbf": NOW + 60})
    with pytest.raises(GatewayError):
        subject.identify(header, None)
    clock.now = NOW + 60
    subject.identify(header, None)
    assert subject.counts().hits == 0


def test_a_token_changed_by_one_letter_is_another() -> None:
    subject = authenticator(Clock())
    token = hs256({"role": "a"})
    subject.identify("Bearer " + token, None)
    for changed in (token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1], token + " ", token.replace(".", ". ")):
        with pytest.raises(GatewayError):
            subject.identify("Bearer " + changed, None)


def test_the_bound_holds_and_evictions_are_counted() -> None:
    subject = authenticator(Clock(), jwt_cache_max_entries=3)
    for number in range(10):
        subject.identify("Bearer " + hs256({"n": number}), None)
    assert subject.counts().evictions == 7


def test_zero_entries_switch_the_cache_off() -> None:
    subject = authenticator(Clock(), jwt_cache_max_entries=0)
    token = "Bearer " + hs256({"role": "a"})
    assert subject.identify(token, None) == subject.identify(token, None)
    assert subject.counts().hits == 0


def test_sieve_keeps_what_is_read() -> None:
    cache: Sieve[str, int] = Sieve(3)
    for number, key in enumerate("abc"):
        cache.put(key, number)
    assert cache.get("a") == 0
    cache.put("d", 3)  # the hand passes a, which was read, and takes b
    assert [cache.get(key) for key in "abcd"] == [0, None, 2, 3]
    cache.remove("a")
    cache.remove("never there")
    cache.put("e", 4)
    assert len(cache) == 3
    cache.clear()
    assert len(cache) == 0
    assert cache.get("e") is None


def test_sieve_agrees_with_a_plain_model() -> None:
    """The textbook form: a list scanned by index, beside the linked one."""
    dice = random.Random(7)
    cache: Sieve[int, int] = Sieve(8)
    order: OrderedDict[int, bool] = OrderedDict()
    hand: int | None = None

    def evict() -> None:
        nonlocal hand
        keys = list(order)
        at = keys.index(hand) if hand in order else 0
        while order[keys[at]]:
            order[keys[at]] = False
            at = (at + 1) % len(keys)
        hand = keys[at + 1] if at + 1 < len(keys) else None
        del order[keys[at]]

    for _ in range(20_000):
        key = dice.randrange(20)
        if dice.random() < 0.6:
            assert (cache.get(key) is not None) == (key in order)
            if key in order:
                order[key] = True
        elif dice.random() < 0.1:
            cache.remove(key)
            if hand == key:
                keys = list(order)
                after = keys.index(key) + 1
                hand = keys[after] if after < len(keys) else None
            order.pop(key, None)
        elif key not in order:
            if len(order) == 8:
                evict()
            order[key] = False
            cache.put(key, key)
        assert len(cache) == len(order)
