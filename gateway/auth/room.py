"""The room as a whole: what it needs of the outside is opened and closed here."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from gateway.auth.accounts.context import AuthRules, Context
from gateway.auth.mail import Mailer, load_library
from gateway.auth.passwords import Hasher
from gateway.auth.store.connection import open_pool
from gateway.auth.store.sql import statement
from gateway.auth.tokens.signing import SigningKeys
from gateway.errors import Unavailable

_log = logging.getLogger(__name__)

_TIDY: Final = 600.0
_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """`dsn` is that of the role that reads and writes schema auth. `threads` hash passwords."""

    dsn: str = field(repr=False)
    rules: AuthRules
    keys: SigningKeys
    server_key: bytes = field(repr=False)
    templates: Path | None = None
    pool_size: int = 5
    threads: int = 2


class AuthRoom:
    """Accounts, once it was started. `ended` is told which sessions were ended."""

    def __init__(
        self, settings: AuthSettings, mailer: Mailer, ended: Callable[[Sequence[UUID]], Awaitable[None]]
    ) -> None:
        self._settings = settings
        self.mailer = mailer
        self._ended = ended
        self._library = load_library(settings.templates)
        self._context: Context | None = None
        self._tidying: asyncio.Task[None] | None = None

    @property
    def context(self) -> Context:
        """Raises Unavailable before it was started."""
        if self._context is None:
            raise Unavailable("starting", "The auth service is starting")
        return self._context

    async def start(self) -> None:
        """Find out how dear a password hash may be, and begin to send mails. PostgreSQL is asked when it is needed."""
        settings = self._settings
        await self.mailer.start()
        self._context = Context(
            rules=settings.rules,
            pool=await open_pool(settings.dsn, size=settings.pool_size),
            hasher=await Hasher.start(threads=settings.threads),
            keys=settings.keys,
            server_key=settings.server_key,
            library=self._library,
            mailer=self.mailer,
            ended=self._ended,
        )
        self._tidying = asyncio.create_task(self._tidy(self._context), name="auth housekeeping")

    async def stop(self) -> None:
        """End, after a few seconds for mails that wait."""
        context, self._context = self._context, None
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.wait((self._tidying,))
        if context is not None:
            await context.hasher.stop()
            await context.pool.close()
        await self.mailer.stop()

    async def _tidy(self, context: Context) -> None:
        """Now and then take away what nobody can use any more."""
        keep = 2.0 * context.rules.token_lifetime + _DAY
        while True:
            try:
                async with context.pool.acquire() as connection:
                    await connection.execute(statement("forget_ended"), keep)
                    await connection.execute(statement("forget_expired"), _DAY)
            except Exception as error:  # noqa: BLE001 - whatever it is, there is a next time
                _log.warning("what is left of old sessions and codes was not taken away: %s", error)
            await asyncio.sleep(_TIDY * (0.5 + random.random()))  # noqa: S311 - only to spread instances
