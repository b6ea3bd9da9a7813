"""Sockets: an HTTP server on aiohttp's low-level `web.Server`, which is cheaper than `web.Application`."""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod, HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler, RequestPayloadError

from gateway.errors import GatewayError
from gateway.web.bodies import BodyBudget
from gateway.web.errors import HeadersTooLarge, MethodNotAllowed, RequestMalformed, TargetTooLong, TooManyHeaders
from gateway.web.request import Request, RequestIds

_METHOD_AND_PATH: Final = re.compile(r"b'([A-Z]{2,20}) /")
_SOCKET_MODE: Final = 0o660
_LINGER: Final = 2.0


class Application(Protocol):
    """What a server serves. `refuse` answers for requests that the HTTP parser refused (`failure` is then a
    `GatewayError`), and for exceptions that escaped the call itself."""

    def __call__(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]: ...

    def refuse(self, failure: BaseException, request: Request) -> web.StreamResponse: ...


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bytes, of which `bodies` are for all large bodies at once, except `headers` (how many), `keepalive` (seconds an
    idle connection is kept) and `body_timeout` (seconds until a body must have arrived as a whole)."""

    request_line: int = 65_536
    header_field: int = 32_768
    headers: int = 128
    body: int = 16 * 1024 * 1024
    bodies: int = 256 * 1024 * 1024
    keepalive: float = 75.0
    body_timeout: float = 30.0

    def __post_init__(self) -> None:
        # aiohttp's parser says which of the two was exceeded by nothing but the limit itself.
        if self.request_line == self.header_field:
            object.__setattr__(self, "header_field", self.header_field + 1)


class HttpServer:
    """Serves an application on any number of sockets until stopped.

    The application is called with `gateway.web.Request` objects, and cancelled when its client goes away. Requests
    that are not HTTP, or larger than `limits`, never reach the call: `refuse` answers them.
    """

    def __init__(self, application: Application, limits: HttpLimits | None = None) -> None:
        self._application = application
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
            self._runner = web.ServerRunner(_Server(self._application, self._limits))
            await self._runner.setup()
        return self._runner


def _refuse_other_files(path: Path) -> None:
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise FileExistsError(f"{path} exists and is not a socket")


def _share_with_group(path: Path) -> None:
    path.chmod(_SOCKET_MODE)


class _Server(web.Server):
    def __init__(self, application: Application, limits: HttpLimits) -> None:
        super().__init__(
            application,
            request_factory=self._request,
            handler_cancellation=True,
            access_log=None,
            max_line_size=limits.request_line,
            max_field_size=limits.header_field,
            max_headers=limits.headers,
            keepalive_timeout=limits.keepalive,
        )
        self.application = application
        self.limits = limits
        self._ids = RequestIds()
        self._bodies = BodyBudget(limits.bodies)

    def _request(self, *parts: Any) -> Request:
        limits = self.limits
        return Request(
            *parts,
            self._loop,
            client_max_size=limits.body,
            ids=self._ids,
            body_timeout=limits.body_timeout,
            bodies=self._bodies,
        )

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(RequestHandler):
    """aiohttp's protocol with its error page replaced: that one echoes the request and logs a traceback."""

    __slots__ = ()

    @property
    def stopping(self) -> bool:
        """Whether the connection closes after the answer, which had better say so."""
        return self._close

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        server = self._manager
        assert isinstance(server, _Server)
        assert isinstance(request, Request)
        if request.writer.output_size > 0:
            raise ConnectionError("part of the response was sent already")
        failure = _refusal(exc, server.limits) or exc or TimeoutError("the handler timed out")
        response = server.application.refuse(failure, request)
        response.force_close()
        return response

    def _make_error_handler(self, err_info: Any) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        """Answer a request that could not be parsed, then read on for a moment. Closing while the client still
        sends would reset the connection, and the reset may overtake the answer (RFC 9112, 9.6)."""
        self._close = True  # from now on aiohttp discards what arrives

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            response = self.handle_error(request, err_info.status, err_info.exc, err_info.message)
            await response.prepare(request)
            await response.write_eof()
            if self.transport is not None and self.transport.can_write_eof():
                self.transport.write_eof()
                await asyncio.sleep(_LINGER)  # ends early when the client closes: that cancels the handler
            return response

        return answer

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """A body that breaks off or does not decompress is the client's doing, and was answered."""
        if not isinstance(kw.get("exc_info"), RequestPayloadError):
            super().log_exception(*args, **kw)


def _refusal(problem: BaseException | None, limits: HttpLimits) -> GatewayError | None:
    """What to tell a client whose request the HTTP parser refused; None if it was not the parser."""
    if isinstance(problem, LineTooLong):
        if problem.args[1] == limits.request_line:
            return TargetTooLong(limits.request_line)
        return HeadersTooLarge(limits.header_field)
    if not isinstance(problem, HttpProcessingError):
        return None
    if problem.message.startswith("Too many headers"):
        return TooManyHeaders(limits.headers)
    if isinstance(problem, BadHttpMethod) and (quoted := _METHOD_AND_PATH.search(problem.message)):
        return MethodNotAllowed(quoted.group(1))
    return RequestMalformed()
