"""Workers that share a port speak with one voice: whichever answers the admin port asks the others.

Each listens on a Unix socket in a directory that only their account may enter. Prometheus's own multi-process mode
would need an environment variable before import, a directory of mapped files, and gives up process metrics.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import aiohttp
import orjson
from aiohttp import web

from gateway.errors import GatewayError, Unavailable
from gateway.telemetry.cache import cache_badness
from gateway.telemetry.exposition import Reading, Readings, decode, encode
from gateway.telemetry.redis import redis_badness
from gateway.web import BytesResponse, Condition, HttpServer, PostgrestErrors, Readiness, Request, raw_path_and_query

_QUICKLY: Final = aiohttp.ClientTimeout(total=3.0)
_AT_LENGTH: Final = aiohttp.ClientTimeout(total=150.0)
_UP: Final = "passerelle_worker_up"


@dataclass(frozen=True, slots=True)
class Place:
    """Which of `count` workers this is, counted from 0, and where their sockets are."""

    number: int
    count: int
    directory: Path

    def socket(self, number: int) -> Path:
        return self.directory / f"worker-{number}.sock"

    @property
    def others(self) -> list[int]:
        return [number for number in range(self.count) if number != self.number]


@dataclass(frozen=True, slots=True)
class Worker:
    """What one worker tells the others about itself."""

    read: Callable[[], list[Reading]]
    condition: Callable[[], Awaitable[Condition]]
    reload: Callable[[], Awaitable[None]]
    cache: Callable[[], Mapping[str, Any]] = dict


class Workers:
    """This worker and, if there is a `place`, the others. `start` lets them ask this one."""

    def __init__(self, own: Worker, place: Place | None) -> None:
        self._own = own
        self._place = place
        self._server = HttpServer(_ForOthers(own))

    async def start(self) -> None:
        """Raises OSError."""
        if self._place is not None:
            await self._server.listen_unix(self._place.socket(self._place.number))

    async def stop(self) -> None:
        await self._server.stop(drain=0.2)

    async def readings(self) -> Readings:
        """Of all workers, by number. One that does not answer is told as down."""
        own, place = self._own.read(), self._place
        if place is None:
            return {None: own}
        found: dict[str | None, list[Reading]] = {str(place.number): [*own, Reading(_UP, (), 1)]}
        answers = await asyncio.gather(*(self._ask(number, "/readings") for number in place.others))
        for number, answer in zip(place.others, answers, strict=True):
            found[str(number)] = _decoded(answer)
        return found

    async def condition(self) -> Condition:
        """The worst of all workers' that answer: each gets its share of the requests."""
        own = await self._own.condition()
        others = self._place.others if self._place is not None else []
        answers = await asyncio.gather(*(self._ask(number, "/ready") for number in others))
        all_told = [own, *(_condition(status, body) for status, body in filter(None, answers))]
        return Condition(
            max((told.readiness for told in all_told), key=_SEVERITY.index),
            max((told.redis for told in all_told if told.redis is not None), key=redis_badness, default=None),
            max((told.cache for told in all_told if told.cache is not None), key=cache_badness, default=None),
        )

    async def caches(self) -> list[dict[str, Any]]:
        """How the cache of each worker does; `worker` is its number, None for the only process."""
        place = self._place
        own = {"worker": place.number if place is not None else None, **self._own.cache()}
        others = place.others if place is not None else []
        answers = await asyncio.gather(*(self._ask(number, "/cache") for number in others))
        told = (_mapping(answer[1]) if answer is not None else None for answer in answers)
        found = [{"worker": number, **(cache or _SILENT)} for number, cache in zip(others, told, strict=True)]
        return sorted([own, *found], key=lambda cache: cache["worker"] or 0)

    async def reload(self) -> None:
        """Have all workers reload. Raises Unavailable if one could not."""
        others = self._place.others if self._place is not None else []
        asked = [self._ask(number, "/reload", "POST", _AT_LENGTH) for number in others]
        _, *answers = await asyncio.gather(self._own.reload(), *asked)
        if any(answer is None or answer[0] != web.HTTPOk.status_code for answer in answers):
            raise Unavailable("PGRST002", "Not all workers have reloaded")

    async def _ask(
        self, number: int, path: str, method: str = "GET", patience: aiohttp.ClientTimeout = _QUICKLY
    ) -> tuple[int, bytes] | None:
        assert self._place is not None
        connector = aiohttp.UnixConnector(str(self._place.socket(number)), force_close=True)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=patience) as session,
                session.request(method, f"http://worker{path}") as response,
            ):
                return response.status, await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None


_SEVERITY: Final = (Readiness.READY, Readiness.PENDING, Readiness.FAILED)


_SILENT: Final[Mapping[str, Any]] = {"state": "unknown", "reason": None, "details": "this worker does not answer"}


def _condition(status: int, body: bytes) -> Condition:
    told = _mapping(body) or {}
    return Condition(Readiness(status), told.get("redis"), told.get("cache"))


def _mapping(body: bytes) -> dict[str, Any] | None:
    try:
        sent: Any = orjson.loads(body)
    except ValueError:
        return None
    return cast("dict[str, Any]", sent) if isinstance(sent, dict) else None


def _decoded(answer: tuple[int, bytes] | None) -> list[Reading]:
    if answer is not None:
        try:
            return [*decode(answer[1]), Reading(_UP, (), 1)]
        except (ValueError, KeyError, TypeError):
            pass
    return [Reading(_UP, (), 0)]


@dataclass(frozen=True, slots=True)
class _ForOthers:
    """Answers the other workers."""

    own: Worker

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, Request)
        match raw_path_and_query(request)[0]:
            case "/readings":
                return BytesResponse(200, None, encode(self.own.read()))
            case "/ready":
                condition = await self.own.condition()
                told = {"redis": condition.redis, "cache": condition.cache}
                return BytesResponse(condition.readiness.value, None, orjson.dumps(told))
            case "/cache":
                return BytesResponse(200, None, orjson.dumps(self.own.cache()))
            case "/reload":
                return await self._reload(request)
            case _:
                return BytesResponse(404)

    async def _reload(self, request: Request) -> web.StreamResponse:
        try:
            await self.own.reload()
        except GatewayError as error:
            return self.refuse(error, request)
        return BytesResponse(200)

    def refuse(self, failure: BaseException, request: Request) -> web.StreamResponse:
        known = failure if isinstance(failure, GatewayError) else GatewayError(500, "PGRSTX00", "Internal server error")
        return PostgrestErrors()(known, request)
