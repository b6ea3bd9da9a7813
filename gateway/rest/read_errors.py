"""The errors of what this gateway adds to reads (docs/pagination.md, docs/reads.md). Codes begin with PGRSTX."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.rest.errors import RestError


def invalid_cursor() -> RestError:
    hint = "Send the value of Next-Cursor as it came, or none for the first page."
    return RestError(400, "PGRSTX50", "The cursor cannot be read", hint=hint)


def cursor_of_another_query() -> RestError:
    hint = "A cursor goes with the table, the order and the filters of the page it came with."
    return RestError(400, "PGRSTX51", "The cursor belongs to another query", hint=hint)


def cursor_unusable(details: str) -> RestError:
    return RestError(400, "PGRSTX52", "This query cannot be read by cursor", details=details)


def not_a_query(accepted: Sequence[str]) -> RestError:
    """Says what is accepted as the draft of QUERY wants it."""
    types = ", ".join(accepted)
    error = RestError(415, "PGRSTX53", "The body of a query is a query string", hint=f"Send it as {types}.")
    error.headers["Accept-Query"] = types
    return error


def query_not_text() -> RestError:
    return RestError(400, "PGRSTX54", "The query in the body is not valid UTF-8")


def query_writes_nothing(method: str) -> RestError:
    hint = "Put the filters into the URL."
    return RestError(415, "PGRSTX55", f"A query in the body is for reads, and {method} is none", hint=hint)


def too_costly(cost: float, ceiling: int, role: str, details: str | None, hint: str | None) -> RestError:
    """403: `cost` and `ceiling` are in units of PostgreSQL's planner."""
    message = f"The read would cost {cost:.0f}, more than the {ceiling} that the role '{role}' may spend"
    return RestError(403, "PGRSTX60", message, details=details, hint=hint)
