"""The cache of rendered documents."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import Any

import pytest

from gateway.catalog import Catalog
from gateway.rest.openapi import OpenApi, OpenApiRules, answer
from gateway.rest.openapi.cache import DocumentCache
from tests.rest.openapi.described import Describe

EMPTY = Catalog({}, {}, {}, {}, {}, (), {}, {}, frozenset(), 150000)


def test_bytes_are_bounded_and_the_least_recently_used_leaves_first() -> None:
    cache = DocumentCache(limit=100)
    cache.put(EMPTY, ("s", b"k" * 10), b"a" * 40)
    cache.put(EMPTY, ("s", None), b"b" * 40)
    assert cache.size == 90
    assert cache.get(EMPTY, ("s", b"k" * 10)) == b"a" * 40
    cache.put(EMPTY, ("t", None), b"c" * 40)
    assert cache.size == 90
    assert cache.get(EMPTY, ("s", None)) is None
    assert cache.get(EMPTY, ("s", b"k" * 10)) is not None


def test_the_same_document_is_counted_once() -> None:
    cache = DocumentCache(limit=100)
    for _ in range(5):
        cache.put(EMPTY, ("s", None), b"a" * 40)
    assert cache.size == 40


def test_what_is_too_large_is_not_kept() -> None:
    cache = DocumentCache(limit=100)
    cache.put(EMPTY, ("s", None), b"a" * 101)
    assert cache.get(EMPTY, ("s", None)) is None
    assert cache.size == 0


def test_another_catalog_finds_nothing_even_if_it_is_equal() -> None:
    cache = DocumentCache(limit=100)
    cache.put(EMPTY, ("s", None), b"a")
    reloaded = dataclasses.replace(EMPTY)
    assert cache.get(reloaded, ("s", None)) is None
    cache.put(reloaded, ("s", None), b"b")
    assert cache.get(EMPTY, ("s", None)) is None
    assert (cache.get(reloaded, ("s", None)), cache.size) == (b"b", 1)


async def test_who_asks_at_the_same_time_waits_for_one_rendering(
    describe: Describe, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str] = []

    def counted(catalog: Catalog, schema: str, *rest: Any, **options: Any) -> dict[str, Any]:
        rendered.append(schema)
        time.sleep(0.1)  # long enough for the others to have asked
        return real(catalog, schema, *rest, **options)

    real = answer.describe
    monkeypatch.setattr(answer, "describe", counted)
    openapi = OpenApi(OpenApiRules())
    schemas = ["library"] * 4 + ["archive"] * 4
    documents = await asyncio.gather(*(describe(openapi=openapi, schema=schema) for schema in schemas))
    assert ["/ledgers" in document["paths"] for document in documents] == [False] * 4 + [True] * 4
    assert sorted(rendered) == ["archive", "library"]
