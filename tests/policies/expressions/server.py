"""PostgreSQL for tests that are not coroutines, as those of hypothesis."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg


class Server:
    """One connection, asked without `await`."""

    def __init__(self, dsn: str) -> None:
        self._runner = asyncio.Runner()
        self.notices: list[str] = []
        self._connection: asyncpg.Connection = self._runner.run(asyncpg.connect(dsn))
        self._connection.add_log_listener(lambda _connection, message: self.notices.append(message.message))

    def run(self, sql: str) -> None:
        """Any number of statements."""
        self._runner.run(self._connection.execute(sql))

    def rows(self, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._runner.run(self._connection.fetch(sql, *arguments))]

    def refusal(self, sql: str) -> asyncpg.PostgresError | None:
        """Why PostgreSQL refuses a statement; what it did is undone."""
        try:
            self._runner.run(self._undone(sql))
        except asyncpg.PostgresError as error:
            return error
        return None

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()

    async def _undone(self, sql: str) -> None:
        transaction = self._connection.transaction()
        await transaction.start()
        try:
            await self._connection.execute(sql)
        finally:
            await transaction.rollback()
