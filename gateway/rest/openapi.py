"""The OpenAPI 2.0 description of a schema, answered at the root."""

from __future__ import annotations

from typing import Protocol

from gateway.catalog import Catalog
from gateway.database import Transaction
from gateway.rest.request import Request


class OpenApi(Protocol):
    async def document(self, transaction: Transaction, asked: Request, catalog: Catalog) -> tuple[bytes, str]: ...
