"""The errors of what this gateway adds to reads (docs/pagination.md, docs/reads.md). Codes begin with PGRSTX."""

from __future__ import annotations

from gateway.rest.errors import RestError


def invalid_cursor() -> RestError:
    hint = "Send the value of Next-Cursor as it came, or none for the first page."
    return RestError(400, "PGRSTX50", "The cursor cannot be read", hint=hint)


def cursor_of_another_query() -> RestError:
    hint = "A cursor goes with the table, the order and the filters of the page it came with."
    return RestError(400, "PGRSTX51", "The cursor belongs to another query", hint=hint)


def cursor_unusable(details: str) -> RestError:
    return RestError(400, "PGRSTX52", "This query cannot be read by cursor", details=details)
