"""Mails that go nowhere: in development and in tests they are read here."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from gateway.auth.mail.mailer import MailCounts
from gateway.auth.mail.message import Message

_KEPT: Final = 100


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail in the outbox; numbers begin at 1 and are never used again."""

    number: int
    at: datetime
    message: Message

    def json(self) -> dict[str, Any]:
        """All of it, the contents too."""
        message = self.message
        return {
            "id": self.number,
            "at": self.at.isoformat(),
            "kind": str(message.kind),
            "to": message.to,
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
        }


class Outbox:
    """A Mailer that keeps the last mails in memory, the newest first, and takes every one."""

    def __init__(self, *, kept: int = _KEPT, clock: Callable[[], datetime] = _now) -> None:
        self._kept: deque[Kept] = deque(maxlen=kept)
        self._numbers = itertools.count(1)
        self._clock = clock
        self.counts: Final = MailCounts()

    @property
    def waiting(self) -> int:
        """Nothing ever waits."""
        return 0

    async def start(self) -> None:
        """There is nothing to begin."""

    async def stop(self) -> None:
        """There is nothing to end."""

    def send(self, message: Message) -> bool:
        """Keep a mail, and forget the oldest if there are too many."""
        self._kept.appendleft(Kept(next(self._numbers), self._clock(), message))
        self.counts.sent[message.kind] += 1
        return True

    def mails(self, to: str | None = None) -> list[Kept]:
        """The mails, or those to one address; the newest first."""
        return [kept for kept in self._kept if to is None or kept.message.to == to]

    def mail(self, number: int) -> Kept | None:
        """The mail of a number, if it is still there."""
        return next((kept for kept in self._kept if kept.number == number), None)

    def clear(self) -> None:
        """Forget them all."""
        self._kept.clear()
