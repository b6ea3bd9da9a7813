"""Mails over SMTP, behind everybody's back: a request leaves its mail here and is answered."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final

from gateway.auth.mail.addresses import ascii_domain, deliverable
from gateway.auth.mail.delivery import Delivery, Failure, Why
from gateway.auth.mail.envelope import envelope, sender_address
from gateway.auth.mail.mailer import MailCounts
from gateway.auth.mail.message import Message
from gateway.smtpurl import SmtpServer, SmtpUrlError

_log = logging.getLogger(__name__)

PAUSES: Final = (2.0, 10.0, 60.0, 300.0)
"""Seconds before the second attempt, the third and so on; each is taken between half of it and all of it. Servers that
put off whom they do not know ("greylisting") take the mail after some minutes, and then the code is still good."""

_CAPACITY: Final = 1000
_WORKERS: Final = 4
_DRAIN: Final = 5.0


@dataclass(slots=True, eq=False)
class _Job:
    message: Message
    mail: EmailMessage
    failures: int = 0


class Sender:
    """Sends each mail at least once, or says in the log that it did not: what kind it was and why, never what it said.

    At most `capacity` mails wait, those that will be tried again among them. `sender` is ``Name <name@host>``. Raises
    SenderUnfit for one that is none, and SmtpUrlError if the server's file of certificates is unfit.
    """

    def __init__(
        self,
        server: SmtpServer,
        sender: str,
        *,
        capacity: int = _CAPACITY,
        pauses: Sequence[float] = PAUSES,
        drain: float = _DRAIN,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._from = sender_address(sender)
        try:
            self._delivery = Delivery(server, local_name=ascii_domain(self._from.domain))
        except (OSError, ssl.SSLError):
            raise SmtpUrlError("has a file in the option ca that holds no certificates, or cannot be read") from None
        self._capacity = capacity
        self._pauses = tuple(pauses)
        self._drain = drain
        self._chance = chance
        self._ready = asyncio.Queue[_Job]()  # bounded by `_held`, which also counts what waits for another attempt
        self._later: dict[_Job, asyncio.TimerHandle] = {}
        self._held = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._open = False
        self._tasks: list[asyncio.Task[None]] = []
        self.counts: Final = MailCounts()

    @property
    def waiting(self) -> int:
        """How many mails were taken and are neither sent nor given up."""
        return self._held

    async def start(self) -> None:
        """Begin to send."""
        self._open = True
        self._tasks = [asyncio.create_task(self._work(), name=f"mail {number}") for number in range(_WORKERS)]

    def send(self, message: Message) -> bool:
        """Take a mail; False if too many wait, or it is not started."""
        if not self._open or self._held >= self._capacity:
            self.counts.refused[message.kind] += 1
            return False
        mail = envelope(message, self._from, identifier=secrets.token_hex(16), at=datetime.now(UTC))
        self._held += 1
        self._idle.clear()
        self._ready.put_nowait(_Job(message, mail))
        return True

    async def stop(self) -> None:
        """Take no more, try each mail that waits once, for `drain` seconds in all; what is left is given up."""
        self._open = False
        for job, timer in list(self._later.items()):
            timer.cancel()
            self._resume(job)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), self._drain)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = []
        while not self._ready.empty():
            self._give_up(self._ready.get_nowait(), Failure(Why.STOPPED, again=False))

    async def _work(self) -> None:
        while True:
            job = await self._ready.get()
            try:
                failed = await self._delivery.attempt(
                    job.mail, deliverable(self._from.addr_spec), deliverable(job.message.to)
                )
            except asyncio.CancelledError:
                self._give_up(job, Failure(Why.STOPPED, again=False))
                raise
            if failed is None:
                self.counts.sent[job.message.kind] += 1
                self._done()
            else:
                self._failed(job, failed)

    def _failed(self, job: _Job, failed: Failure) -> None:
        if not failed.again or job.failures >= len(self._pauses) or not self._open:
            self._give_up(job, failed)
            return
        pause = self._pauses[job.failures] * (0.5 + self._chance() / 2)
        job.failures += 1
        self.counts.retried[job.message.kind] += 1
        self._later[job] = asyncio.get_running_loop().call_later(pause, self._resume, job)

    def _resume(self, job: _Job) -> None:
        del self._later[job]
        self._ready.put_nowait(job)

    def _give_up(self, job: _Job, failed: Failure) -> None:
        self.counts.failed[job.message.kind, failed.why] += 1
        _log.error(
            "a mail was not delivered: kind %s, to a mailbox at %s, %s%s, after %d attempts",
            job.message.kind,
            job.message.domain,
            failed.why,
            f" ({failed.code})" if failed.code else "",
            job.failures + (failed.why is not Why.STOPPED),
        )
        self._done()

    def _done(self) -> None:
        self._held -= 1
        if not self._held:
            self._idle.set()
