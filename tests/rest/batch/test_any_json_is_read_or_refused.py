"""Whatever JSON comes, a batch is read or refused with a client's error; what is read can be sent again."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.rest.batch.errors import BatchErrors, BatchFailed
from gateway.rest.batch.references import Reference
from gateway.rest.batch.request import Batch, read_batch

WORDS = st.sampled_from(
    ["$ref", "$literal", "a", "a.0", "a.*.id", "steps", "id", "method", "path", "headers", "filters", "body", "dry_run",
     "GET", "POST", "DELETE", "/t", "/rpc/f?x=1", "/rest/v1/t", "/batch/v1", "eq", "in", "not.in", "Accept", "Prefer",
     "tx=rollback", ""]
)  # fmt: skip
TEXTS = WORDS | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
STEPS = st.fixed_dictionaries(
    {"method": st.sampled_from(["GET", "POST", "PATCH", "DELETE"]) | JSON, "path": st.just("/t") | TEXTS},
    optional={
        "id": st.sampled_from(["a", "b"]) | JSON,
        "headers": st.dictionaries(st.sampled_from(["Accept", "prefer"]) | TEXTS, TEXTS, max_size=2) | JSON,
        "filters": st.lists(st.tuples(TEXTS, st.sampled_from(["eq", "in"]) | TEXTS, JSON) | JSON, max_size=2) | JSON,
        "body": JSON,
    },
)
BATCHES = st.lists(STEPS | JSON, max_size=4) | JSON | st.fixed_dictionaries({"steps": st.lists(STEPS, max_size=4)})


def read(sent: bytes) -> Batch | GatewayError:
    try:
        return read_batch(sent, 3)
    except GatewayError as error:
        return error


@given(BATCHES)
def test_any_json(sent: Any) -> None:
    batch = read(orjson.dumps(sent))
    if isinstance(batch, GatewayError):
        assert 400 <= batch.status < 500
        answered = orjson.loads(BatchErrors().body(batch))
        if isinstance(batch, BatchFailed):
            assert batch.position is not None
            assert answered["step"]["index"] == batch.position.index
        return
    assert 1 <= len(batch.steps) <= 3
    known: set[str] = set()
    for step in batch.steps:
        assert step.path.startswith("/")
        assert not step.path.startswith("/batch/v1")
        assert all(reference.step in known for reference in step.references)
        if step.position.id is not None:
            known.add(step.position.id)
        if step.body is not None:
            found: list[Reference] = []

            def look_up(reference: Reference, found: list[Reference] = found) -> None:
                found.append(reference)

            step.body.resolve(look_up)
            assert tuple(found) == step.body.references


@given(st.binary(max_size=60))
def test_any_bytes(sent: bytes) -> None:
    batch = read(sent)
    assert isinstance(batch, Batch) or 400 <= batch.status < 500
