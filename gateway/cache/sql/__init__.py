"""What is asked of `schema/gateway/008_cache.sql`."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def statement(name: str) -> str:
    """The text of `<name>.sql`."""
    return resources.files(__package__ or "gateway.cache.sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")
