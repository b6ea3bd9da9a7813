"""What the gateway itself did wrong."""

from __future__ import annotations

from gateway.web.access_log import EventLogger
from gateway.web.request import Request


class FailureLog:
    """Logs an unexpected exception with its traceback, under the id that the client was told."""

    __slots__ = ("_logger",)

    def __init__(self, logger: EventLogger) -> None:
        self._logger = logger

    def record(self, request: Request, failure: BaseException) -> None:
        self._logger.error("unexpected failure", id=request.id, route=request.route, exc_info=failure)
