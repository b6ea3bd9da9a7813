"""A database whose round trips are spans (extra `otel`). Statements' texts and values stay out of them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import ClassVar, Final

import asyncpg
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from gateway.database import Database
from gateway.database.connection import Arguments, State, TextConnection

_OPERATION: Final = re.compile(r"\s*(?:WITH\b[^(]*\(\s*)?([A-Z]+)", re.IGNORECASE)
_OPERATIONS: Final = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "EXPLAIN", "SET", "COMMIT", "ROLLBACK"}
)
_SETTINGS: Final = "SET"
_OTHER: Final = "OTHER"


class TracedConnection(TextConnection):
    """Each round trip within a traced request is a span: PREPARE, SET (identity and settings), COMMIT or what the
    statement does."""

    __slots__ = ()
    tracer: ClassVar[Tracer]

    async def become_textual(self, *, unnamed: bool) -> None:
        await super().become_textual(unnamed=unnamed)
        send = self.bind_execute

        def bind_execute(  # noqa: PLR0917 - as the driver has it
            state: State, arguments: Arguments, portal: str, limit: int, more: bool, timeout: None
        ) -> Awaitable[list[asyncpg.Record]]:
            return self._execute(state.query, send(state, arguments, portal, limit, more, timeout))

        self.bind_execute = bind_execute

    async def describe(self, name: str, sql: str) -> State:
        with self._span("PREPARE"):
            return await super().describe(name, sql)

    async def command(self, sql: str) -> str:
        with self._span(operation(sql)):
            return await super().command(sql)

    async def _execute(self, sql: str, answer: Awaitable[list[asyncpg.Record]]) -> list[asyncpg.Record]:
        with self._span(operation(sql)):
            return await answer

    @contextmanager
    def _span(self, name: str) -> Generator[None]:
        if not trace.get_current_span().get_span_context().is_valid:
            yield  # a round trip of the pool itself
            return
        with self.tracer.start_as_current_span(
            name,
            kind=SpanKind.CLIENT,
            attributes={"db.system.name": "postgresql", "db.operation.name": name},
            record_exception=False,  # its text may quote values
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as failure:
                span.set_status(StatusCode.ERROR)
                span.set_attribute("error.type", type(failure).__name__)
                if isinstance(failure, asyncpg.PostgresError) and failure.sqlstate:
                    span.set_attribute("db.response.status_code", failure.sqlstate)
                raise


class TracedDatabase(Database):
    """`Database` over traced connections. Make the class for a tracer with `by`."""

    @classmethod
    def by(cls, tracer: Tracer) -> type[TracedDatabase]:
        connections = type("TracedConnection", (TracedConnection,), {"__slots__": (), "tracer": tracer})
        return type("TracedDatabase", (cls,), {"connections": connections})


@lru_cache(maxsize=2000)
def operation(sql: str) -> str:
    """What a statement does, one word of a closed set. The empty statement ends a batch of settings."""
    if not sql:
        return _SETTINGS
    found = _OPERATION.match(sql)
    word = found.group(1).upper() if found else _OTHER
    return word if word in _OPERATIONS else _OTHER
