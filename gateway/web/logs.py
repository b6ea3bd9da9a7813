"""Where log lines go and what they look like."""

from __future__ import annotations

import logging
import sys
from typing import Final, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "crit": logging.CRITICAL,
    "critical": logging.CRITICAL,
}


def level_name(level: str) -> str:
    """The canonical name of a level, PostgREST's `warn` and `crit` included. Raises KeyError."""
    return logging.getLevelName(LEVELS[level]).lower()


def configure_logging(level: str, log_format: str, stream: TextIO | None = None) -> bool:
    """Set up structlog, and the standard library's loggers behind it, for the whole process. Returns whether lines
    are JSON.

    `log_format` is `json` (one object per line), `console`, or `auto`: console on a terminal, else JSON. Lines go
    to `stream`, by default standard error.
    """
    out = stream or sys.stderr
    as_json = log_format == "json" or (log_format == "auto" and not out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if as_json else _unchanged,
    ]
    # Not structlog's choice of traceback, which shows local variables: tokens and rows among them.
    console = structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    renderer: Processor = _render_json if as_json else console
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    return as_json


def _render_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    present = {name: value for name, value in event.items() if value is not None}
    return orjson.dumps(present, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _unchanged(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return event
