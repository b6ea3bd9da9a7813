"""The request as the surfaces see it."""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from aiohttp.http import HttpVersion11

from gateway.web.bodies import BodyBudget

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_SMALL_BODY: Final = 65_536
"""Up to this size bodies are not counted: what connections may have sent unasked."""
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_TRACE_PARENT: Final = re.compile(
    r"(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?"
)
_ABSOLUTE_FORM: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


class RequestIds:
    """Ids for requests that bring none: random per process, then counted, so they cost next to nothing."""

    __slots__ = ("_numbers", "_prefix")

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(6)
        self._numbers = itertools.count(1)

    def next(self) -> str:
        return f"{self._prefix}-{next(self._numbers):x}"


class Request(web.BaseRequest):
    """aiohttp's request and what the gateway notes about it for the log.

    Surfaces set `role` (the database role, once known), `route` (a template such as `/rest/v1/{relation}`, never a
    value from the request) and count `round_trips` to the database. `traced` is the trace id of the request's own
    span, where there is one. `answer_headers` are put into whatever answers the request, also an error.
    """

    role: str | None = None
    route: str | None = None
    round_trips: int = 0
    traced: str | None = None
    answer_headers: Mapping[str, str] | None = None
    ids: RequestIds
    body_timeout: float | None
    bodies: BodyBudget | None
    _held: int = 0
    _id: str | None = None
    _target: str | None = None

    def __init__(
        self,
        *args: Any,
        ids: RequestIds,
        body_timeout: float | None = None,
        bodies: BodyBudget | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.ids = ids
        self.body_timeout = body_timeout
        self.bodies = bodies

    async def read(self) -> bytes:
        """The whole body. Raises HTTPRequestEntityTooLarge for more than the limit, at once if the headers say so,
        HTTPRequestTimeout if it does not arrive within `body_timeout` seconds, and HTTPServiceUnavailable if the bodies
        of other requests leave no room for it."""
        if self._read_bytes is not None:
            return self._read_bytes
        if (self.content_length or 0) > self.client_max_size:
            raise web.HTTPRequestEntityTooLarge(self.client_max_size, self.content_length or 0)
        await self._invite_body()
        try:
            async with asyncio.timeout(self.body_timeout):
                self._read_bytes = await self._whole_body()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        return self._read_bytes

    async def _whole_body(self) -> bytes:
        payload, limit = self._payload, self.client_max_size
        payload.set_read_chunk_size(limit)  # a compressed body inflates with fewer pauses
        body = bytearray()
        while chunk := await payload.readany():
            body.extend(chunk)
            if len(body) > limit:
                raise web.HTTPRequestEntityTooLarge(limit)
            if len(body) > _SMALL_BODY and self.bodies is not None:
                self._hold(self.bodies, len(body))
        return bytes(body)

    def _hold(self, bodies: BodyBudget, size: int) -> None:
        more = size - self._held
        if not bodies.take(more, already=self._held):
            raise web.HTTPServiceUnavailable
        self._held = size

    def forget_body(self) -> None:
        """The answer is there: the body counts no longer."""
        if self._held and self.bodies is not None:
            self.bodies.give(self._held)
            self._held = 0

    async def _invite_body(self) -> None:
        """Tell a client that waits to be told (RFC 9110, 10.1.1); one whose body has begun to arrive need not be."""
        expects = self.headers.get("Expect")
        if expects is None or expects.lower() != "100-continue" or self.version < HttpVersion11:
            return
        if self._read_bytes is None and not self._payload.is_eof():
            await self.writer.write(_CONTINUE)
            self.writer.output_size = 0  # nothing of the answer itself was sent

    @property
    def id(self) -> str:
        """`X-Request-Id` if the client sent a harmless one, else a new id."""
        if self._id is None:
            sent = self.headers.get("X-Request-Id")
            self._id = sent if sent is not None and _SANE_ID.fullmatch(sent) else self.ids.next()
        return self._id

    @property
    def trace_id(self) -> str | None:
        """Of the request's span, else of a valid `traceparent` header (W3C Trace Context, 3.2: nothing may follow
        the four fields of version 00)."""
        if self.traced is not None:
            return self.traced
        sent = self.headers.get("traceparent")
        found = _TRACE_PARENT.fullmatch(sent) if sent is not None else None
        return found.group(1) if found else None

    @property
    def target(self) -> str:
        """The request target as it came: path and query, percent-encoding untouched. PostgREST's grammar tells
        `%2C` from `,`, so nothing may be decoded before it. The absolute form (RFC 9112, 3.2.2) loses its origin."""
        if self._target is None:
            self._target = _origin_form(self.raw_path)
        return self._target


def _origin_form(target: str) -> str:
    origin = None if target.startswith("/") else _ABSOLUTE_FORM.match(target)
    if origin is None:
        return target
    rest = target[origin.end() :]
    return rest if rest.startswith("/") else "/" + rest


def raw_path_and_query(request: Request) -> tuple[str, str]:
    """The target split at the first `?`; the query is empty if there is none."""
    path, _, query = request.target.partition("?")
    return path, query
