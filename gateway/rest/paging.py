"""Pages by cursor: which may be read so, whose cursor it is, and where the next page begins (docs/pagination.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from gateway.rest.grammar.cursor import write_cursor
from gateway.rest.media import Form, Rendering
from gateway.rest.read_errors import cursor_of_another_query, cursor_unusable
from gateway.rest.request import Request

_IN_QUERY = re.compile(r"(?:(?<=&)|^)after=cursor\.[^&]*")
# As for Content-Location: clients and proxies refuse answers with long headers.
_LONGEST = 4096
_FORMS = frozenset({Form.JSON, Form.OBJECT})


@dataclass(frozen=True, slots=True)
class Paging:
    """A read by cursor. `digest` is what its cursors carry; `max_rows` bounds its pages beside `limit`."""

    digest: str
    max_rows: int | None


def check_pageable(request: Request, rendering: Rendering, *, aggregated: bool) -> None:
    """Raises PGRSTX52 for reads that have no rows to go on after."""
    if request.offset > 0:
        raise cursor_unusable("A cursor says where the page begins, so there can be no offset.")
    if aggregated:
        raise cursor_unusable("Rows of aggregates are no rows of the table.")
    if rendering.form not in _FORMS:
        raise cursor_unusable(f"There are no cursors for {rendering.media_type}.")


def check_cursor(request: Request, paging: Paging) -> None:
    """Raises PGRSTX51 if the cursor came with another table, order or filter."""
    found = request.query.cursor_digest
    if found is not None and found != paging.digest:
        raise cursor_of_another_query()


def next_page(request: Request, paging: Paging, rows: int, place: bytes | str | None) -> Iterable[tuple[str, str]]:
    """`Next-Cursor`, and `Link` while it is short. Nothing after the last page, which is one that is not full.
    Raises PGRSTX52 for a place that no header can hold."""
    bounds = [bound for bound in (request.limit, paging.max_rows) if bound is not None]
    if place is None or not bounds or rows < min(bounds):
        return
    cursor = write_cursor(paging.digest, orjson.loads(place))
    if len(cursor) > _LONGEST:
        raise cursor_unusable("The values that order the last row are too long for a cursor: order by shorter columns.")
    yield "Next-Cursor", cursor
    query = _IN_QUERY.sub(f"after=cursor.{cursor}", request.query.canonical)
    if len(query) <= _LONGEST:
        yield "Link", f'<?{query}>; rel="next"'
