"""The errors of what this gateway adds to PostgREST's protocol (docs/writes.md). Codes begin with PGRSTX."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gateway.rest.errors import RestError

_PLACE = "At '{path}' in the body."


def at(path: str, details: str | None = None) -> str:
    """What `details` says of an error at `path` of the body."""
    place = _PLACE.format(path=path) if path else "At the root of the body."
    return f"{place} {details}" if details else place


# -- nested inserts -------------------------------------------------------------------------------------------------


def nested_shape(path: str, expected: str) -> RestError:
    return RestError(400, "PGRSTX10", f"Expected {expected}", details=at(path))


def nested_bounds(details: str) -> RestError:
    return RestError(400, "PGRSTX11", "The nested insert is too large", details=details)


def linked_column(column: str, path: str, details: str | None = None) -> RestError:
    message = f"The column '{column}' is set by a relationship"
    hint = f"Leave '{column}' out: it takes the key of the row that it belongs to." if details is None else None
    return RestError(400, "PGRSTX12", message, details=at(path, details), hint=hint)


def not_writable(name: str, path: str) -> RestError:
    message = f"'{name}' is computed, or leads through a relation that is not exposed: it cannot be written through"
    return RestError(400, "PGRSTX13", message, details=at(path))


def not_linkable(path: str) -> RestError:
    message = "A nested row has nothing to refer to"
    reason = "Its trigger or rule wrote no row here, or one whose key is null."
    return RestError(400, "PGRSTX14", message, details=at(path, reason))


def nested_combination(what: str) -> RestError:
    return RestError(400, "PGRSTX15", f"A nested insert cannot be combined with {what}")


def nothing_to_read_back(table: str) -> RestError:
    message = f"What was inserted cannot be read back: '{table}' has no primary key"
    return RestError(400, "PGRSTX16", message, hint="Use Prefer: return=minimal.")


# -- updates by key -------------------------------------------------------------------------------------------------


def no_update_key(table: str) -> RestError:
    hint = "Name the columns that identify a row, with ?on_conflict=column."
    return RestError(400, "PGRSTX20", f"'{table}' has no primary key to update by", hint=hint)


def update_key_missing(columns: Iterable[str]) -> RestError:
    details = f"Missing in at least one row: {', '.join(columns)}"
    return RestError(400, "PGRSTX21", "Every row must have the columns it is updated by", details=details)


def nothing_to_update(key: Sequence[str]) -> RestError:
    details = f"The rows have no columns besides {', '.join(key)}."
    return RestError(400, "PGRSTX22", "The rows say nothing to update", details=details)


def duplicate_keys(given: int, distinct: int) -> RestError:
    message = "A row must not be updated more than once"
    return RestError(400, "PGRSTX23", message, details=f"{given} rows were given for {distinct} keys.")


def rows_not_found(given: int, found: int) -> RestError:
    """Refused with `handling=strict` only."""
    details = f"{given - found} of the {given} rows were not found."
    return RestError(400, "PGRSTX24", "Not every row of the body was found", details=details)


# -- operations -----------------------------------------------------------------------------------------------------


def unknown_operation(name: str, column: str, known: Iterable[str]) -> RestError:
    hint = f'Known are {", ".join(known)}. A value that looks like an operation is written {{"$set": value}}.'
    return RestError(400, "PGRSTX30", f"Unknown operation '{name}' for the column '{column}'", hint=hint)


def operations_differ(column: str) -> RestError:
    message = f"All rows must use the same operation for the column '{column}'"
    return RestError(400, "PGRSTX31", message)


def operation_not_possible(name: str, column: str, type_: str) -> RestError:
    return RestError(400, "PGRSTX32", f"'{name}' is not possible for the column '{column}' of type {type_}")


# -- guards ---------------------------------------------------------------------------------------------------------


def filter_required(method: str, table: str, role: str, key: Sequence[str]) -> RestError:
    example = f"?{key[0]}=eq.…" if key else "?column=eq.…"
    return RestError(
        400,
        "PGRSTX40",
        f"{method} without a filter is not allowed",
        details=f"The guard require_filter holds for the role '{role}': all rows of '{table}' would be affected.",
        hint=f"Add a filter, such as {example}",
    )


def guarded_rows(rows: int, most: int, role: str, *, filtered: bool) -> RestError:
    missing = None if filtered else "The request has no filter: add one to affect fewer rows."
    details: Any = f"The guard max_affected allows the role '{role}' {most} rows; {rows} would be affected."
    return RestError(400, "PGRSTX41", "Too many rows would be affected", details=details, hint=missing)
