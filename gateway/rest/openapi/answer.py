"""Answers for the root: asks what the caller may see, and keeps rendered documents."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal

import orjson

from gateway.catalog import Catalog
from gateway.database import Transaction
from gateway.rest.errors import invalid_preferences, no_media_type
from gateway.rest.openapi.cache import DocumentCache, Key
from gateway.rest.openapi.document import describe
from gateway.rest.openapi.server import own_server, proxy_server
from gateway.rest.openapi.visible import Visible, read_visible
from gateway.rest.request import Request

CONTENT_TYPE: Final = "application/openapi+json; charset=utf-8"

_PRODUCED = frozenset({"application/openapi+json", "application/json", "*/*"})


@dataclass(frozen=True, slots=True)
class OpenApiRules:
    """`proxy_uri` is the public address of the API, if it is not `host`, `port` and `prefix`. `cache_bytes` bounds
    the rendered documents that are kept."""

    mode: Literal["follow-privileges", "ignore-privileges"] = "follow-privileges"
    security_active: bool = False
    proxy_uri: str | None = None
    host: str = "127.0.0.1"
    port: int = 54321
    prefix: str = ""
    cache_bytes: int = 64 << 20


class OpenApi:
    """The OpenAPI 2.0 documents of the exposed schemas. Raises ValueError if the rules' proxy URI is malformed.

    With `follow-privileges` a document shows what the caller's role may use at the time of the request. Callers who
    may see the same share one rendering, until the catalog changes.
    """

    def __init__(self, rules: OpenApiRules) -> None:
        self._rules = rules
        self._server = (
            proxy_server(rules.proxy_uri) if rules.proxy_uri else own_server(rules.host, rules.port, rules.prefix)
        )
        self._visible_sql = resources.files("gateway.rest.openapi").joinpath("visible.sql").read_text(encoding="utf-8")
        self._documents = DocumentCache(rules.cache_bytes)
        self._rendering = asyncio.Lock()

    async def document(self, transaction: Transaction, asked: Request, catalog: Catalog) -> tuple[bytes, str]:
        """The document of the asked schema and its content type. Runs one statement.

        Raises PGRST107 unless JSON, OpenAPI or anything is accepted, PGRST122 for unknown preferences under strict
        handling, and what the transaction raises.
        """
        if not any(media.name in _PRODUCED for media in asked.accept):
            raise no_media_type(media.text for media in asked.accept)
        if asked.preferences.strict and asked.preferences.invalid:
            raise invalid_preferences(asked.preferences.invalid)
        key = asked.schema, await self._ask(transaction, asked.schema)
        body = self._documents.get(catalog, key)
        return (body if body is not None else await self._rendered(catalog, key)), CONTENT_TYPE

    async def _rendered(self, catalog: Catalog, key: Key) -> bytes:
        """Thousands of tables take a second: others are served meanwhile, and one document is made at a time, so that
        everybody who asks for it at once waits for the first."""
        async with self._rendering:
            body = self._documents.get(catalog, key)
            if body is None:
                body = await asyncio.to_thread(self._render, catalog, *key)
                self._documents.put(catalog, key, body)
            return body

    async def _ask(self, transaction: Transaction, schema: str) -> bytes | None:
        """What the caller may see, as `visible.sql` answers; None means everything."""
        if self._rules.mode == "ignore-privileges":
            # the caller's role is taken on with the first statement, which fails if there is no such role
            await transaction.execute("SELECT")
            return None
        row = await transaction.fetchrow(self._visible_sql, [schema])
        return row[0] if row is not None else b""

    def _render(self, catalog: Catalog, schema: str, answer: bytes | None) -> bytes:
        visible = _visible(answer) if answer is not None else None
        return orjson.dumps(describe(catalog, schema, visible, self._server, security=self._rules.security_active))


def _visible(answer: bytes) -> Visible:
    """No answer: the schema is gone since the catalog was read."""
    return read_visible(answer) if answer else Visible(frozenset(), frozenset(), frozenset())
