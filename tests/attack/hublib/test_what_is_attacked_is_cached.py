"""The attacks of this folder that are made on a cache do meet one: what they were shown was kept."""

from __future__ import annotations

import pytest

from tests.attack.hublib.conftest import Target
from tests.attack.hublib.people import PEOPLE


async def test_every_table_is_answered_from_the_cache(target: Target) -> None:
    if not target.caches:
        pytest.skip("this target has none")
    for relation in target.tables:
        for person in PEOPLE[:4]:
            _, _, headers = await target.ask(person, f"/rest/v1/{relation}?select=*&limit=7")
            assert headers["Cache-Status"].startswith("passerelle; hit; detail=memory"), relation
    hits = sum(count for source, count in target.sources.items() if source.startswith("hit"))
    assert hits > 0.8 * sum(target.sources.values())
