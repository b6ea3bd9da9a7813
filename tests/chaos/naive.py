"""Caches as people write them in an afternoon, between the checker and the gateway. It must see through each."""

from __future__ import annotations

from collections.abc import Callable

from tests.chaos.wire import Ask, Asked, Reply


class Careless:
    """Keeps every answer for ever. `kept` is shared by all connections."""

    def __init__(self, ask: Ask, kept: dict[object, Reply]) -> None:
        self._ask = ask
        self._kept = kept

    def key(self, asked: Asked) -> object:
        return asked.method, asked.target, asked.token, asked.headers

    async def __call__(self, asked: Asked, within: float) -> Reply:
        if asked.method not in ("GET", "HEAD"):
            return await self.write(asked, within)
        key = self.key(asked)
        if key not in self._kept:
            reply = await self._ask(asked, within)
            if reply.status != 200:
                return reply
            self._kept[key] = reply
        return self._kept[key]

    async def write(self, asked: Asked, within: float) -> Reply:
        return await self._ask(asked, within)


class Racy(Careless):
    """Each write empties it before it is acknowledged. But an answer that was computed before the write may come in
    after that, and stays."""

    async def write(self, asked: Asked, within: float) -> Reply:
        try:
            return await super().write(asked, within)
        finally:
            self._kept.clear()


class Indiscreet(Racy):
    """Gives one caller's answer to another."""

    def key(self, asked: Asked) -> object:
        return asked.method, asked.target, asked.headers


def shared(cache: type[Careless]) -> Callable[[Ask], Ask]:
    """For `Plan.between`: one cache for all connections, and so for all instances."""
    kept: dict[object, Reply] = {}
    return lambda ask: cache(ask, kept)
