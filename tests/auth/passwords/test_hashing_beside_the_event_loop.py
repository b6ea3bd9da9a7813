"""Hashing neither stalls the loop nor piles up, survives callers that hang up, and does not tell who has an account."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import bcrypt
import pytest
from argon2.exceptions import HashingError

from gateway.auth.passwords import Hasher, HasherBusy, Verdict, from_hublib, hasher
from gateway.auth.passwords.calibration import calibrate
from gateway.auth.passwords.hashes import Argon2id, Cost, make, parse

CHEAP = Cost(64, 1)
RIGHT, WRONG = "correct horse", "wrong horse"
SALT = "00112233445566778899aabbccddeeff"
PBKDF2 = from_hublib(SALT, hashlib.pbkdf2_hmac("sha256", RIGHT.encode(), SALT.encode(), 10_000, 32).hex())
BCRYPT = bcrypt.hashpw(RIGHT.encode(), b"$2b$04$abcdefghijklmnopqrstuu").decode()
OURS = make(RIGHT.encode(), CHEAP, bytes(16))
CHEAPER = make(RIGHT.encode(), Cost(16, 1), bytes(16))
DEARER = make(RIGHT.encode(), Cost(128, 4), bytes(16))
HOSTILE = OURS.replace("m=64", "m=104857600")


@asynccontextmanager
async def a_hasher(**options: object) -> AsyncIterator[Hasher]:
    made = Hasher(CHEAP, **{"threads": 1, **options})  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.stop()


class Gate:
    """Stands for a hash that takes as long as the test wants."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.runs = 0
        monkeypatch.setattr(hasher, "make", self._make)

    def _make(self, password: bytes, cost: Cost, salt: bytes) -> str:
        self.runs += 1
        self.entered.release()
        assert self.open.wait(10)
        return password.decode()

    async def one_runs(self) -> None:
        assert await asyncio.to_thread(self.entered.acquire, timeout=30)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


@pytest.mark.parametrize(
    ("stored", "password", "verdict"),
    [
        (OURS, RIGHT, Verdict(True)),
        (DEARER, RIGHT, Verdict(True)),
        (CHEAPER, RIGHT, Verdict(True, outdated=True)),
        (BCRYPT, RIGHT, Verdict(True, outdated=True)),
        (PBKDF2, RIGHT, Verdict(True, outdated=True)),
        (OURS, WRONG, Verdict(False)),
        (CHEAPER, WRONG, Verdict(False)),
        (BCRYPT, WRONG, Verdict(False)),
        (PBKDF2, WRONG, Verdict(False)),
        (None, RIGHT, Verdict(False)),
        ("", RIGHT, Verdict(False)),
        ("", "", Verdict(False)),
        ("nonsense", RIGHT, Verdict(False)),
        (HOSTILE, RIGHT, Verdict(False)),
        (OURS, "x" * 1_000_000, Verdict(False)),
        (make(b"", CHEAP, bytes(16)), "\ud800", Verdict(False)),
        (make(b"a\0b", CHEAP, bytes(16)), "a\0b", Verdict(False)),
        (make("été".encode(), CHEAP, bytes(16)), "e\u0301te\u0301", Verdict(True)),
        (make(b"e\xcc\x81", CHEAP, bytes(16)), "e\u0301", Verdict(True)),  # an imported one, made of what was typed
    ],
)
async def test_who_may_enter(stored: str | None, password: str, verdict: Verdict) -> None:
    async with a_hasher() as made:
        assert await made.verify(stored, password) == verdict


async def test_the_dummy_lets_nobody_in() -> None:
    async with a_hasher() as made:
        dummy = parse(OURS)
        assert isinstance(dummy, Argon2id)
        made._dummy = dummy
        assert await made.verify(None, RIGHT) == Verdict(False)


async def test_a_new_hash_is_right_current_and_salted() -> None:
    async with a_hasher() as made:
        first, second = await made.hash(RIGHT), await made.hash(RIGHT)
        assert first != second
        assert await made.verify(first, RIGHT) == Verdict(True)
        assert await made.verify(first, WRONG) == Verdict(False)


async def test_the_composed_and_the_decomposed_form_are_one_password() -> None:
    async with a_hasher() as made:
        assert await made.verify(await made.hash("e\u0301te\u0301"), "été") == Verdict(True)


@pytest.mark.parametrize("stored", [None, "", "nonsense", HOSTILE])
async def test_without_a_hash_a_dummy_is_compared(stored: str | None) -> None:
    ticks = iter(range(0, 1000, 7))
    async with a_hasher(clock=lambda: next(ticks), patience=1e9) as made:
        await made.verify(stored, WRONG)
        assert list(made._pace) == [7]  # the comparison took one tick of the clock


@pytest.mark.parametrize(
    ("stored", "password", "held"),
    [
        (PBKDF2, WRONG, True),
        (BCRYPT, WRONG, True),
        (BCRYPT, "x" * 100, True),  # not even compared
        (CHEAPER, WRONG, True),
        (OURS, WRONG, False),
        (None, WRONG, False),
        (PBKDF2, RIGHT, False),
        (BCRYPT, RIGHT, False),
    ],
)
async def test_a_cheaper_hash_is_not_told_by_its_time(stored: str | None, password: str, held: bool) -> None:
    slept: list[float] = []
    async with a_hasher(sleep=slept.append) as made:
        made._pace.extend((50.0, 60.0))
        await made.verify(stored, password)
        assert any(slept) is held
        assert all(40 < pause < 60 for pause in slept)


async def test_it_is_held_as_long_as_others_took_and_not_always_the_same() -> None:
    slept: list[float] = []
    chance = iter(range(1000))
    async with a_hasher(sleep=slept.append, random=lambda size: bytes([next(chance) % 256]) * size) as made:
        made._pace.extend((100.0, 200.0, 300.0))
        for _ in range(3):
            await made.verify(PBKDF2, WRONG)
    assert sorted(round(pause, -2) for pause in slept) == [100, 200, 300]


async def test_a_full_queue_turns_away_and_recovers(gate: Gate) -> None:
    async with a_hasher(waiting=2) as made:
        accepted = [asyncio.create_task(made.hash(name)) for name in "abc"]
        await gate.one_runs()
        with pytest.raises(HasherBusy) as refused:
            await made.hash("d")
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
        gate.open.set()
        assert await asyncio.gather(*accepted) == ["a", "b", "c"]
        assert await made.hash("e") == "e"


async def test_callers_that_hang_up_make_no_room_and_leave_no_work(gate: Gate) -> None:
    async with a_hasher(waiting=2) as made:
        callers = [asyncio.create_task(made.hash(name)) for name in "abc"]
        await gate.one_runs()
        for caller in callers:
            caller.cancel()
        assert all(
            isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*callers, return_exceptions=True)
        )
        with pytest.raises(HasherBusy):
            await made.hash("d")
        gate.open.set()
        await when_free(made, "d")
        assert await asyncio.gather(*(made.hash(name) for name in "efg")) == ["e", "f", "g"]
        assert gate.runs == 5  # b and c were dropped unhashed


async def when_free(made: Hasher, password: str) -> None:
    while True:
        try:
            await made.hash(password)
            return
        except HasherBusy:
            await asyncio.sleep(0.01)


async def test_nobody_waits_longer_than_patience(gate: Gate) -> None:
    now = [0.0]
    async with a_hasher(waiting=2, patience=5.0, clock=lambda: now[0]) as made:
        first, late = asyncio.create_task(made.hash("a")), asyncio.create_task(made.hash("b"))
        await gate.one_runs()
        now[0] = 5.1
        gate.open.set()
        assert await first == "a"
        with pytest.raises(HasherBusy):
            await late


async def test_the_loop_runs_on_while_a_hash_is_made(gate: Gate) -> None:
    async with a_hasher() as made:
        slow = asyncio.create_task(made.hash("a"))
        await gate.one_runs()
        assert await asyncio.sleep(0, "awake") == "awake"
        assert not slow.done()
        gate.open.set()
        await slow


async def test_stopping_ends_who_waits_and_refuses_who_comes(gate: Gate) -> None:
    async with a_hasher(waiting=2) as made:
        running, waiting = asyncio.create_task(made.hash("a")), asyncio.create_task(made.hash("b"))
        await gate.one_runs()
        stop = asyncio.create_task(made.stop())
        await asyncio.sleep(0)
        with pytest.raises(HasherBusy):
            await made.hash("c")
        gate.open.set()
        await stop
        assert await running == "a"
        with pytest.raises(HasherBusy):
            await waiting


async def test_want_of_memory_is_no_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_memory(*_: object) -> str:
        raise HashingError

    async with a_hasher() as made:
        monkeypatch.setattr(hasher, "make", without_memory)
        with pytest.raises(HasherBusy):
            await made.hash(RIGHT)


async def test_started_it_knows_its_pace() -> None:
    made = await Hasher.start(threads=1, cost=CHEAP)
    assert len(made._pace) == 3
    assert all(made._pace)
    assert await made.verify(None, "") == Verdict(False)
    await made.stop()


@pytest.mark.parametrize(
    ("seconds_per_mebibyte", "memory", "cost"),
    [
        (0.12 / 64, 64, Cost(64 * 1024, 1)),
        (0.06 / 64, 64, Cost(64 * 1024, 2)),
        (0.02 / 64, 64, Cost(64 * 1024, 6)),
        (0.0001 / 64, 64, Cost(64 * 1024, 8)),
        (0.20 / 64, 64, Cost(32 * 1024, 2)),  # under 46 MiB never one pass
        (9.00 / 64, 64, Cost(19 * 1024, 2)),
        (0.06 / 64, 1, Cost(19 * 1024, 7)),
        (0.12 / 128, 128, Cost(128 * 1024, 1)),
    ],
)
def test_calibration(seconds_per_mebibyte: float, memory: int, cost: Cost) -> None:
    def measure(asked: Cost) -> float:
        return asked.work / 1024 * seconds_per_mebibyte

    found = calibrate(measure, memory=memory * 1024)
    assert found == cost
    assert parse(f"$argon2id$v=19$m={found.memory},t={found.passes},p=1${'A' * 22}${'A' * 43}") is not None
