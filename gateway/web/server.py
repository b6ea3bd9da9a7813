"""Sockets: an HTTP server on aiohttp's low-level `web.Server`, which is cheaper than `web.Application`."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler

from gateway.errors import GatewayError
from gateway.web.errors import ErrorRenderer, HeadersTooLarge, InternalError, RequestMalformed, TargetTooLong
from gateway.web.failure_log import FailureLog
from gateway.web.request import Request, RequestIds

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_SOCKET_MODE: Final = 0o660


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bytes, except `headers` (how many) and `keepalive` (seconds an idle connection is kept).

    `request_line` and `header_field` must differ: aiohttp tells the two apart by nothing but the limit."""

    request_line: int = 65_536
    header_field: int = 32_768
    headers: int = 128
    body: int = 16 * 1024 * 1024
    keepalive: float = 75.0

    def __post_init__(self) -> None:
        if self.request_line == self.header_field:
            raise ValueError("request_line and header_field must differ")


class HttpServer:
    """Serves `handler` on any number of sockets until stopped.

    `handler` is called with `gateway.web.Request` objects; it is cancelled when its client goes away. Requests that
    are not HTTP, or larger than `limits`, are answered by `render_error` and never reach it.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        render_error: ErrorRenderer,
        failure_log: FailureLog,
        limits: HttpLimits | None = None,
    ) -> None:
        self._handler = handler
        self._render_error = render_error
        self._failure_log = failure_log
        self._limits = limits or HttpLimits()
        self._runner: web.ServerRunner | None = None

    async def listen_tcp(self, host: str, port: int, *, reuse_port: bool = False) -> int:
        """Listen and return the port, which is a new one if 0 was asked for. Raises OSError."""
        runner = await self._started()
        site = web.TCPSite(runner, host, port, reuse_port=reuse_port or None)
        await site.start()
        return site.port

    async def listen_unix(self, path: Path) -> None:
        """Listen on a Unix socket that owner and group may use; a dead socket in its place is replaced. Raises
        OSError, also if the path is anything but a socket."""
        _refuse_other_files(path)
        runner = await self._started()
        await web.UnixSite(runner, path).start()
        _share_with_group(path)

    async def stop(self, *, drain: float) -> None:
        """Stop listening, close idle connections, give running requests `drain` seconds, then cancel them."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for site in runner.sites:
            await site.stop()
        server = runner.server
        if server is not None:
            await asyncio.sleep(0)  # requests already read get their handler before connections close
            server.pre_shutdown()
            await server.shutdown(timeout=drain / 2)  # aiohttp waits twice, before and after it ends the body

    async def _started(self) -> web.ServerRunner:
        if self._runner is None:
            server = _Server(self._handler, self._limits, self._render_error, self._failure_log)
            self._runner = web.ServerRunner(server)
            await self._runner.setup()
        return self._runner


def _refuse_other_files(path: Path) -> None:
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise FileExistsError(f"{path} exists and is not a socket")


def _share_with_group(path: Path) -> None:
    path.chmod(_SOCKET_MODE)


class _Server(web.Server):
    def __init__(
        self, handler: Handler, limits: HttpLimits, render_error: ErrorRenderer, failure_log: FailureLog
    ) -> None:
        super().__init__(
            handler,
            request_factory=self._request,
            handler_cancellation=True,
            access_log=None,
            max_line_size=limits.request_line,
            max_field_size=limits.header_field,
            max_headers=limits.headers,
            keepalive_timeout=limits.keepalive,
        )
        self.limits = limits
        self.render_error = render_error
        self.failure_log = failure_log
        self._ids = RequestIds()

    def _request(self, *parts: Any) -> Request:
        return Request(*parts, self._loop, client_max_size=self.limits.body, ids=self._ids)

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(RequestHandler):
    """aiohttp's protocol with its error page replaced: that one echoes the request and logs a traceback."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        server = self._manager
        assert isinstance(server, _Server)  # noqa: S101 - _Server makes no other
        assert isinstance(request, Request)  # noqa: S101
        if request.writer.output_size > 0:
            raise ConnectionError("part of the response was sent already")
        error = _refusal(exc, server.limits)
        if error is None:
            server.failure_log.record(request, exc or RuntimeError(f"unanswered request ({status})"))
            error = InternalError(request.id)
        response = server.render_error(error, request)
        response.force_close()
        return response


def _refusal(problem: BaseException | None, limits: HttpLimits) -> GatewayError | None:
    """What to tell a client whose request the HTTP parser refused; None if it was not the parser."""
    if isinstance(problem, LineTooLong):
        if problem.args[1] == limits.request_line:
            return TargetTooLong(limits.request_line)
        return HeadersTooLarge(limits.header_field)
    return RequestMalformed() if isinstance(problem, HttpProcessingError) else None
