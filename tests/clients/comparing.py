"""Rows as a client returned them, compared with those that a query finds past the gateway."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import asyncpg

Row = dict[str, Any]


class Expected:
    """The owner's connection, on which `expected.sql` says what each caller may read."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def rows(self, query: str, viewer: str) -> list[Row]:
        """The rows as PostgreSQL writes them in JSON. `$1` is the viewer: a user's id, `anonymous` or `service`."""
        text = await self._connection.fetchval(
            f"select coalesce(json_agg(found), '[]')::text from ({query}) as found where $1::text is not null", viewer
        )
        return json.loads(text)


def assert_rows(found: Any, wanted: list[Row]) -> None:
    """The same rows, as often; where the wanted ones have a column `_rank`, in that order (equal ranks as they please).

    Arrays of objects within a row, which embeds have in any order, are compared as sets.
    """
    assert isinstance(found, list)
    plain = [(canonical({k: v for k, v in row.items() if k != "_rank"}), row.get("_rank")) for row in wanted]
    ranks = dict(plain)
    assert len(ranks) == len(plain) or set(ranks.values()) == {None}, "ranked rows must differ"
    seen = [canonical(row) for row in found]
    assert Counter(seen) == Counter(text for text, _ in plain)
    assert [ranks[text] for text in seen] == [rank for _, rank in plain]


def canonical(value: Any) -> str:
    """JSON in one form: members of objects sorted, and arrays of objects too."""
    return json.dumps(_sorted(value), sort_keys=True, ensure_ascii=False)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(inner) for name, inner in value.items()}
    if isinstance(value, list):
        inner = [_sorted(item) for item in value]
        if all(isinstance(item, dict) for item in value):
            inner.sort(key=canonical)
        return inner
    return value
