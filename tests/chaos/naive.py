"""Caches as people write them in an afternoon, between the checker and the gateway. It must see through each."""

from __future__ import annotations

from tests.chaos.wire import Ask, Asked, Reply


class Careless:
    """Keeps every answer for ever, for whoever asked."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._kept: dict[object, Reply] = {}

    def key(self, asked: Asked) -> object:
        return asked.method, asked.target, asked.token, asked.headers

    async def __call__(self, asked: Asked, within: float) -> Reply:
        if asked.method not in ("GET", "HEAD"):
            return await self.write(asked, within)
        key = self.key(asked)
        if key not in self._kept:
            reply = await self._ask(asked, within)
            if reply.status == 200:
                self._kept[key] = reply
            return reply
        return self._kept[key]

    async def write(self, asked: Asked, within: float) -> Reply:
        return await self._ask(asked, within)


class Indiscreet(Careless):
    """Gives one caller's answer to another, though never an old one for long: each write empties all."""

    everybody: dict[object, Reply] = {}  # noqa: RUF012 - one for all connections

    def __init__(self, ask: Ask) -> None:
        super().__init__(ask)
        self._kept = self.everybody

    def key(self, asked: Asked) -> object:
        return asked.method, asked.target

    async def write(self, asked: Asked, within: float) -> Reply:
        try:
            return await super().write(asked, within)
        finally:
            self._kept.clear()


class Racy(Careless):
    """Right but for one thing: a write empties it before it is acknowledged, but an answer that was computed before the
    write may be put in after that."""

    everybody: dict[object, Reply] = {}  # noqa: RUF012 - one for all connections

    def __init__(self, ask: Ask) -> None:
        super().__init__(ask)
        self._kept = self.everybody

    async def write(self, asked: Asked, within: float) -> Reply:
        try:
            return await super().write(asked, within)
        finally:
            self._kept.clear()
