"""Hashing beside the event loop: few threads, few waiting, and no answer that says whether an account exists."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from argon2.exceptions import HashingError

from gateway.auth.passwords.calibration import MEMORY, SECONDS, calibrate, measured
from gateway.auth.passwords.hashes import SALT_BYTES, Argon2id, Cost, is_current, make, parse
from gateway.auth.passwords.rules import forms, normalised
from gateway.errors import Unavailable

T = TypeVar("T")

_REMEMBERED: Final = 64
_REHEARSALS: Final = 3


class HasherBusy(Unavailable):
    """503: more passwords wait to be hashed than will be in reasonable time, or memory ran out."""

    def __init__(self) -> None:
        super().__init__("overloaded", "Too many sign-ins at once. Try again in a moment.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outdated`: the password is right, and its hash should be replaced by a new one."""

    matches: bool
    outdated: bool = False


@dataclass(slots=True)
class _Errand:
    asked_at: float
    abandoned: bool = False


class Hasher:
    """Makes and checks password hashes in `threads` threads; at most `waiting` more wait, each for `patience` seconds.

    Whoever is turned away gets `HasherBusy`. A caller that is cancelled loses nothing but the answer: what runs, runs
    to its end and keeps its thread, and what waits is dropped when its turn comes.

    A wrong password takes as long for an account that does not exist, that has no password, or whose hash is cheaper
    than ours, as for any other: the first two are compared with a dummy, the third is held back for as long as
    some recent comparison at our own cost took. Hashes that are dearer than ours (bcrypt from cost 12 on, say) do take
    longer until their owner signs in and they are replaced.
    """

    def __init__(
        self,
        cost: Cost,
        *,
        threads: int,
        waiting: int = 64,
        patience: float = 5.0,
        random: Callable[[int], bytes] = os.urandom,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.cost = cost
        self._random = random
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._dummy = Argon2id(cost, random(SALT_BYTES), random(32))
        self._pace: deque[float] = deque(maxlen=_REMEMBERED)
        self._stopped = False
        self._places = threading.BoundedSemaphore(threads + waiting)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")

    @classmethod
    async def start(
        cls,
        *,
        threads: int,
        waiting: int = 64,
        cost: Cost | None = None,
        memory: int = MEMORY,
        seconds: float = SECONDS,
    ) -> Hasher:
        """A hasher that knows what a comparison takes here; without `cost`, one that is calibrated (see `calibrate`).

        `threads` times `memory` kibibytes is what it may take. Raises `HasherBusy` if there is not that much.
        """
        try:
            found = cost or await asyncio.to_thread(calibrate, measured, memory=memory, seconds=seconds)
        except HashingError:
            raise HasherBusy from None
        hasher = cls(found, threads=threads, waiting=waiting)
        for _ in range(_REHEARSALS):
            await hasher.verify(None, "")
        return hasher

    async def stop(self) -> None:
        """Waits for the hashes that are being computed; those that wait for their turn end with `HasherBusy`."""
        self._stopped = True
        await asyncio.to_thread(self._pool.shutdown)

    async def hash(self, password: str) -> str:
        """The text to store for a new password, which has passed the rules."""
        return await self._run(lambda: make(normalised(password).encode(), self.cost, self._random(SALT_BYTES)))

    async def verify(self, stored: str | None, password: str) -> Verdict:
        """Whether `password` is the one whose hash is stored; `stored` is None where there is no account."""
        return await self._run(lambda: self._verify(stored, password))

    def _verify(self, text: str | None, password: str) -> Verdict:
        stored = parse(text)
        compared = stored or self._dummy
        presented = forms(password)
        tried = presented or (b"",)
        began = self._clock()
        answers = [compared.matches(form) for form in tried]
        took = (self._clock() - began) / len(tried)
        matches = any(answers)
        if isinstance(compared, Argon2id) and compared.cost == self.cost:
            self._pace.append(took)
        elif not matches:
            self._sleep(max(self._usual() - took, 0) * len(tried))
        if stored is None or not presented or not matches:
            return Verdict(False)
        return Verdict(True, outdated=not is_current(stored, self.cost))

    def _usual(self) -> float:
        """What one of the latest comparisons at our cost took; any, since a mean would be known by its constancy."""
        remembered = len(self._pace)
        return self._pace[self._random(1)[0] % remembered] if remembered else 0.0

    async def _run(self, work: Callable[[], T]) -> T:
        if self._stopped or not self._places.acquire(blocking=False):
            raise HasherBusy
        errand = _Errand(self._clock())
        try:
            future = self._pool.submit(self._perform, errand, work)
        except RuntimeError:  # the pool was shut down since
            self._places.release()
            raise HasherBusy from None
        try:
            # Shielded, so that a place is given back by the thread that had the work and by nobody else: a caller who
            # hangs up would otherwise make room for the next one while the queue keeps its entry.
            return await asyncio.shield(asyncio.wrap_future(future))
        except asyncio.CancelledError:
            errand.abandoned = True
            raise

    def _perform(self, errand: _Errand, work: Callable[[], T]) -> T:
        try:
            late = self._clock() - errand.asked_at > self._patience
            if late or errand.abandoned or self._stopped:
                raise HasherBusy
            return work()
        except HashingError:
            raise HasherBusy from None
        finally:
            self._places.release()
