"""Who takes mails."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from gateway.auth.mail.message import Message


@dataclass(slots=True)
class MailCounts:
    """Since the start, by kind of mail: what a server took, what was tried once more, what was given up (by kind and
    reason), and what was not taken because too many waited."""

    sent: Counter[str] = field(default_factory=Counter[str])
    retried: Counter[str] = field(default_factory=Counter[str])
    failed: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    refused: Counter[str] = field(default_factory=Counter[str])


class Mailer(Protocol):
    """Takes mails and sees to them later."""

    @property
    def counts(self) -> MailCounts:
        """What became of them."""
        ...

    @property
    def waiting(self) -> int:
        """How many were taken and are not done with."""
        ...

    async def start(self) -> None:
        """Begin to send."""
        ...

    def send(self, message: Message) -> bool:
        """Take a mail. False if it was not taken, because too many wait or sending has stopped. Never waits."""
        ...

    async def stop(self) -> None:
        """End, after a few seconds for those that wait."""
        ...
