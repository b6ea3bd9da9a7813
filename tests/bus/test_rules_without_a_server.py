"""Keys, pauses, leases, queues, slots, pages: as tables."""

from __future__ import annotations

import random

import pytest
from redis import exceptions as driver

from gateway.bus import (
    Connected,
    Event,
    Gap,
    Holding,
    Lost,
    Members,
    Message,
    Overflow,
    Reason,
    RedisUrlError,
    Terms,
    outstanding,
)
from gateway.bus.backoff import Backoff
from gateway.bus.entries import Entry, Page, range_from, read_page
from gateway.bus.errors import BusRefused, BusUnavailable, connection_error, reply_error
from gateway.bus.inbox import Inbox
from gateway.bus.keys import Keys, by_slot, one_slot, slot
from gateway.bus.slots import owners, read_slots
from gateway.bus.terms import read_members
from gateway.redisurl import Place


@pytest.mark.parametrize(
    ("prefix", "key", "anchored"),
    [
        ("passerelle:", "passerelle:v1:cache:x", "passerelle:v1:bus:{passerelle:bus}:leases"),
        ("", "v1:cache:x", "v1:bus:{bus}:leases"),
    ],
)
def test_keys(prefix: str, key: str, anchored: str) -> None:
    keys = Keys(prefix)
    assert (keys.key("cache:x"), keys.anchored("leases")) == (key, anchored)


@pytest.mark.parametrize("prefix", ["a{b}", "a b", "a*", "a\n", "a?", "[a"])
def test_unfit_prefixes(prefix: str) -> None:
    with pytest.raises(RedisUrlError, match="prefix"):
        Keys(prefix)


def test_slots_of_keys() -> None:
    assert slot("123456789") == 12739  # the specification's own example
    assert one_slot(["a{x}1", "b{x}2", "x"])
    assert not one_slot(["a", "b"])
    assert one_slot(["a"])
    assert by_slot(["{a}1", "{b}1", "{a}2"]) == [[0, 2], [1]]


@pytest.mark.parametrize(
    ("failures", "least", "most"),
    [(0, 0, 0.05), (1, 0.025, 0.05), (2, 0.05, 0.1), (5, 0.4, 0.8), (7, 1.0, 2.0), (10_000, 1.0, 2.0)],
)
def test_pauses_grow_and_spread(failures: int, least: float, most: float) -> None:
    backoff = Backoff(first=0.05, most=2.0)
    assert backoff.pause(failures, 0.0) == pytest.approx(least)
    assert backoff.pause(failures, 1.0) == pytest.approx(most)


def test_a_holder_stops_before_the_server_does() -> None:
    terms = Terms(term=3.0, grace=1.0)
    assert terms.deadline(100.0) == 102.0  # asked at 100, so the server counts until 103 or later


HELD = Members({"a": Holding(1, 2.0), "b": Holding(4, 2.0)})


@pytest.mark.parametrize(
    ("acknowledged", "now", "expected"),
    [
        (set(), HELD, {"a", "b"}),
        ({"a"}, HELD, {"b"}),
        ({"a", "b", "c"}, HELD, set()),
        (set(), Members({"b": Holding(4, 0.1)}), {"b"}),  # the lease of a has run out
        (set(), Members({"a": Holding(2, 2.0), "b": Holding(4, 2.0)}), {"b"}),  # a forgot everything
        (set(), Members({**HELD.holdings, "c": Holding(1, 3.0)}), {"a", "b"}),  # c came later
    ],
)
def test_whom_a_writer_waits_for(acknowledged: set[str], now: Members, expected: set[str]) -> None:
    assert outstanding(HELD, acknowledged, now) == expected


def test_reading_members() -> None:
    assert read_members([1500, b"a", 3, 2500, b"b", 1, 1]) == Members(
        {"a": Holding(3, 2.5), "b": Holding(1, 0.001)}, 1.5
    )
    assert read_members([0]) == Members({}, 0.0)


def m(number: int) -> Message:
    return Message("c", b"%d" % number)


LOST = Lost(Reason.LOST)


@pytest.mark.parametrize(
    ("overflow", "put", "expected"),
    [
        (Overflow.DROP_OLDEST, [Connected(), m(1), m(2), m(3)], [Connected(), m(1), m(2), m(3)]),
        (Overflow.DROP_OLDEST, [Connected(), m(1), m(2), m(3), m(4)], [Connected(), Gap(1), m(2), m(3), m(4)]),
        (Overflow.DROP_OLDEST, [m(1), m(2), m(3), m(4), m(5)], [Gap(2), m(3), m(4), m(5)]),
        (Overflow.DROP_ALL, [Connected(), m(1), m(2), m(3), m(4)], [Connected(), Gap(3), m(4)]),
        (Overflow.DROP_ALL, [m(1), m(2), m(3), m(4), m(5), m(6), m(7)], [Gap(6), m(7)]),
        # one loss, then more of them before anybody reads
        (Overflow.DROP_ALL, [m(1), LOST, Connected(), Gap()], [m(1), LOST, Connected(), Gap()]),
        (Overflow.DROP_ALL, [m(1), LOST, Connected(), Gap(), LOST], [m(1), LOST]),
        (Overflow.DROP_ALL, [LOST, Connected(), Gap(), LOST, Connected(), Gap()], [LOST, Connected(), Gap()]),
        (
            Overflow.DROP_ALL,
            [LOST, Connected(), Gap(), m(1), LOST, Connected(), Gap()],
            [LOST, Connected(), Gap(), m(1), LOST, Connected(), Gap()],
        ),
        # a loss does not hide what was dropped, and the gap stays where it belongs
        (
            Overflow.DROP_OLDEST,
            [m(1), LOST, Connected(), Gap(), m(2), m(3), m(4)],
            [Gap(1), LOST, Connected(), Gap(), m(2), m(3), m(4)],
        ),
        (
            Overflow.DROP_OLDEST,
            [m(1), LOST, Connected(), Gap(), m(2), m(3), m(4), m(5)],
            [Gap(1), LOST, Connected(), Gap(1), m(3), m(4), m(5)],
        ),
        (Overflow.DROP_ALL, [m(1), LOST, Connected(), Gap(), m(2), m(3), m(4)], [LOST, Connected(), Gap(3), m(4)]),
    ],
)
def test_a_queue_never_drops_without_a_gap(overflow: Overflow, put: list[Event], expected: list[Event]) -> None:
    inbox = Inbox(3, overflow)
    for event in put:
        inbox.put(event)
    assert [inbox.take() for _ in range(len(inbox))] == expected


@pytest.mark.parametrize("overflow", Overflow)
@pytest.mark.parametrize("seed", range(30))
def test_a_queue_is_bounded_and_counts_what_it_drops(overflow: Overflow, seed: int) -> None:
    """Any order of messages, losses and reads: what is read in order, and what is missing, is all there was."""
    dice = random.Random(seed)
    inbox = Inbox(5, overflow)
    sent, read, missing, connected = 0, 0, 0, False
    for _ in range(2000):
        roll = dice.random()
        if roll < 0.6 and connected:
            inbox.put(m(sent))
            sent += 1
        elif roll < 0.65:
            for event in (LOST,) if connected else (Connected(), Gap()):
                inbox.put(event)
            connected = not connected
        elif len(inbox):
            event = inbox.take()
            if isinstance(event, Message):
                assert int(event.payload) == read + missing
                read += 1
            elif isinstance(event, Gap):
                missing += event.dropped
        assert len(inbox) <= 5 * 4 + 4
    left = [inbox.take() for _ in range(len(inbox))]
    missing += sum(event.dropped for event in left if isinstance(event, Gap))
    read += sum(isinstance(event, Message) for event in left)
    assert (read + missing, missing) == (sent, inbox.dropped)


def test_reading_cluster_slots() -> None:
    reply = [[0, 99, [b"10.0.0.1", 7000, b"id"], [b"10.0.0.2", 7000, b"id"]], [100, 16383, [b"", 7001, b"id"]]]
    table = owners(read_slots(reply, Place("here", 1)))
    assert (table[0], table[99], table[100], table[16383]) == (
        *[Place("10.0.0.1", 7000)] * 2,
        *[Place("here", 7001)] * 2,
    )
    assert owners(())[5] is None


@pytest.mark.parametrize(
    ("after", "reply", "expected"),
    [
        (None, [], Page((), True)),
        (None, [[b"5-0", [b"d", b"x"]]], Page((Entry("5-0", b"x"),), True)),
        ("5-0", [[b"5-0", [b"d", b"x"]]], Page((), True)),
        ("5-0", [[b"5-0", [b"d", b"x"]], [b"6-0", [b"d", b"y"]]], Page((Entry("6-0", b"y"),), True)),
        ("5-0", [[b"6-0", [b"d", b"y"]]], Page((Entry("6-0", b"y"),), False)),  # 5-0 was trimmed, and perhaps others
        ("5-0", [], Page((), False)),  # the stream is gone
    ],
)
def test_pages_of_streams(after: str | None, reply: list[object], expected: Page) -> None:
    assert read_page(reply, after) == expected
    assert range_from(after, 10) == (("-", 10) if after is None else (after, 11))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (driver.BusyLoadingError("Redis is loading"), Reason.LOADING),
        (driver.ReadOnlyError("You can't write"), Reason.REPLICA),
        (driver.MasterDownError("Link with MASTER is down"), Reason.REPLICA),
        (driver.ClusterDownError("Hash slot not served"), Reason.CLUSTER_DOWN),
        (driver.OutOfMemoryError("command not allowed"), Reason.OUT_OF_MEMORY),
        (driver.AuthenticationError("NOAUTH"), Reason.AUTHENTICATION),
        (driver.ResponseError("MISCONF Errors writing to the AOF file"), Reason.WRITES_REFUSED),
        (driver.ResponseError("NOREPLICAS Not enough good replicas"), Reason.WRITES_REFUSED),
        (driver.ResponseError("BUSY Redis is busy running a script"), Reason.BUSY),
        (driver.TryAgainError("Multiple keys"), Reason.CLUSTER_DOWN),
        (driver.MovedError("3999 127.0.0.1:6381"), Reason.CLUSTER_DOWN),
    ],
)
def test_replies_that_mean_later(error: Exception, reason: Reason) -> None:
    known = reply_error(error)
    assert isinstance(known, BusUnavailable)
    assert (known.why, known.status, "Retry-After" in known.headers) == (reason, 503, True)


@pytest.mark.parametrize("text", ["WRONGTYPE Operation against", "ERR unknown command", "NOPERM this user"])
def test_replies_that_mean_never(text: str) -> None:
    assert isinstance(reply_error(driver.ResponseError(text)), BusRefused)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (driver.AuthenticationError("WRONGPASS"), Reason.AUTHENTICATION),
        (TimeoutError(), Reason.TIMEOUT),
        (driver.NoPermissionError("no 'info'"), Reason.PERMISSION),
        (driver.BusyLoadingError("loading"), Reason.LOADING),
        (driver.ConnectionError("Error 111 connecting"), Reason.UNREACHABLE),
        (ConnectionRefusedError(111, "refused"), Reason.UNREACHABLE),
    ],
)
def test_why_a_connection_fails(error: BaseException, reason: Reason) -> None:
    assert connection_error(error).why is reason
