"""One line per answered request."""

from __future__ import annotations

import time
from typing import Final, Protocol

from gateway.web.request import Request

_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500
CLIENT_GONE: Final = 499
"""The status logged for a request whose client went away before the answer (a convention of nginx)."""

_NEVER: Final = 1000
_LOWEST_STATUS: Final = {"debug": 0, "info": 0, "warning": _CLIENT_ERROR, "error": _SERVER_ERROR, "critical": _NEVER}


class EventLogger(Protocol):
    """What this file needs of a structlog logger."""

    def info(self, event: str, **fields: object) -> object: ...
    def warning(self, event: str, **fields: object) -> object: ...
    def error(self, event: str, **fields: object) -> object: ...


class AccessLog:
    """Logs requests at the level their status deserves: 5xx as error, 4xx as warning, others as info.

    A line has the request's id, trace id, method, route template, role, status, duration and database round trips.
    It never has a path, a query, a header or a body of the request: those may hold tokens and personal data.
    """

    __slots__ = ("_logger", "_lowest_status")

    def __init__(self, logger: EventLogger, level: str) -> None:
        self._logger = logger
        self._lowest_status = _LOWEST_STATUS[level]

    def wants(self, status: int) -> bool:
        """Whether a request of this status is logged at all; asked first, for it costs nothing."""
        return status >= self._lowest_status

    def record(self, request: Request, status: int, started: float, surface: str | None) -> None:
        """`started` is the `time.perf_counter()` of the request's arrival."""
        log = self._logger.info
        if status >= _SERVER_ERROR:
            log = self._logger.error
        elif status >= _CLIENT_ERROR:
            log = self._logger.warning
        log(
            "request",
            id=request.id,
            trace=request.trace_id,
            method=request.method,
            route=request.route or surface,
            role=request.role,
            status=status,
            ms=round((time.perf_counter() - started) * 1000, 2),
            round_trips=request.round_trips,
        )
