"""The attacks of this folder that are made on a cache do meet one: what they were shown was kept."""

from __future__ import annotations

import pytest

from tests.attack.hublib.conftest import Target, key_of
from tests.attack.hublib.people import PEOPLE


async def test_every_table_is_answered_from_the_cache(target: Target) -> None:
    if not target.caches:
        pytest.skip("this target has none")
    for relation in target.tables:
        found: list[str] = []
        for person in PEOPLE[:4]:
            _, _, headers = await target.ask(person, f"/rest/v1/{relation}?select=*&order={key_of(relation)}&limit=7")
            found.append(headers["Cache-Status"])
        # A busy machine may have to leave the cache aside for a moment.
        assert any(status.startswith("passerelle; hit; detail=memory") for status in found), (relation, found)
    hits = sum(count for source, count in target.sources.items() if source.startswith("hit"))
    assert hits > sum(target.sources.values()) / 2, target.sources
