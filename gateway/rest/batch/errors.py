"""What can be wrong with a batch besides its steps, and how a failure says where it happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from gateway.errors import GatewayError
from gateway.web import PostgrestErrors


class BatchError(GatewayError):
    """A batch, or a part of one, that cannot be run."""


@dataclass(frozen=True, slots=True)
class Position:
    """A step of a batch, as its sender knows it. `index` counts from 0."""

    index: int
    id: str | None
    method: str | None
    path: str | None


class BatchFailed(GatewayError):
    """A batch was undone because of `cause`, which happened at `position` (None: at COMMIT)."""

    def __init__(self, cause: GatewayError, position: Position | None) -> None:
        super().__init__(
            cause.status,
            cause.code,
            cause.message,
            details=cause.details,
            hint=cause.hint,
            headers=cause.headers,
            reason=cause.reason,
        )
        self.position = position
        self.cause = cause


class BatchErrors(PostgrestErrors):
    """PostgREST's shape; failures of a step, or at COMMIT, have a fifth key `step`."""

    def body(self, error: GatewayError) -> bytes:
        shape = super().body(error)
        if not isinstance(error, BatchFailed):
            return shape
        at = error.position
        step: dict[str, Any] | None = None
        if at is not None:
            step = {"index": at.index, "id": at.id, "method": at.method, "path": at.path, "status": error.status}
        return shape[:-1] + b',"step":' + orjson.dumps(step) + b"}"


def invalid(what: str, *, hint: str | None = None) -> BatchError:
    return BatchError(400, "PGRSTX70", f"The batch cannot be read: {what}", hint=hint)


def too_many_steps(count: int, most: int) -> BatchError:
    return BatchError(413, "PGRSTX71", f"The batch has {count} steps, and at most {most} are allowed")


def too_large_answer(most: int) -> BatchError:
    message = f"The answers of the steps are larger than {most} bytes together"
    return BatchError(413, "PGRSTX73", message, hint="Ask for fewer rows, or for return=minimal.")


def timed_out(seconds: float) -> BatchError:
    return BatchError(504, "PGRSTX74", f"The batch was not done within {seconds:g} seconds; nothing was changed")


def wrong_content_type() -> BatchError:
    return BatchError(415, "PGRSTX75", "A batch has Content-Type: application/json")


def nested() -> BatchError:
    return BatchError(400, "PGRSTX70", "A batch cannot contain a batch")


def unresolved(reference: object, why: str) -> BatchError:
    message = f"The reference {str(reference)!r} finds no value"
    hint = "A step answers rows as an array; a write answers them with Prefer: return=representation."
    return BatchError(400, "PGRSTX72", message, details=why, hint=hint)


def unknown_step(reference: object) -> BatchError:
    return BatchError(400, "PGRSTX72", f"The reference {str(reference)!r} names no earlier step")


def no_filter_value(column: str, why: str) -> BatchError:
    return BatchError(400, "PGRSTX72", f"The filter on {column!r} has no usable value", details=why)


def malformed_key() -> BatchError:
    message = "Idempotency-Key must be 1 to 255 printable ASCII characters"
    return BatchError(400, "PGRSTX80", message)


def key_reused() -> BatchError:
    message = "This Idempotency-Key was used for another request"
    return BatchError(422, "PGRSTX81", message, hint="Use a new key for each new request.")


def key_in_use() -> BatchError:
    message = "A request with this Idempotency-Key is still under way"
    return BatchError(409, "PGRSTX82", message, headers={"Retry-After": "1"})


def keys_unavailable() -> BatchError:
    message = "Idempotency-Key needs the gateway's own database objects"
    hint = "Run passerelle migrate; a role of your own must be granted the two functions (docs/batch.md)."
    return BatchError(400, "PGRSTX83", message, hint=hint)


def late_isolation(level: str) -> BatchError:
    message = f"A function that needs the isolation level {level!r} was found too late"
    return BatchError(400, "PGRSTX70", message, hint="Write its arguments by name, not as one reference.")


def contended(error: GatewayError) -> BatchError:
    """A deadlock or a serialization failure that did not go away by itself."""
    hint = "Nothing was changed. Send the batch again."
    return BatchError(503, error.code, error.message, details=error.details, hint=hint, headers={"Retry-After": "1"})


def unsure(error: GatewayError) -> BatchError:
    """The connection was lost during COMMIT, and the key, if there was one, could not be looked up."""
    hint = "It is not known whether the batch was committed. With an Idempotency-Key it can be sent again safely."
    return BatchError(503, error.code, error.message, details=error.details, hint=hint, headers={"Retry-After": "1"})
