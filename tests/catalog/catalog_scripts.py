"""The type of the fixture that loads the catalog of a script."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from gateway.catalog import Catalog


class LoadScript(Protocol):
    """Runs a script in a transaction and loads what `schemas` then expose; nothing is kept."""

    def __call__(
        self, script: str, *, schemas: tuple[str, ...] = ("public",), extra: tuple[str, ...] = ()
    ) -> Awaitable[Catalog]: ...
