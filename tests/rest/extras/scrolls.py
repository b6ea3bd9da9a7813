"""What the tests know of the scrolls' gateways."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import asyncpg

from gateway.embedded import EmbeddedPostgres
from tests.serving import Served, start_gateway, stop_gateway, token

NAME = "scrolls"
MEMBER = token("extras_member", sub="ines")
OTHER = token("extras_member", sub="omar")


async def start(postgres: EmbeddedPostgres, **settings: Any) -> Served:
    dsn = postgres.dsn(NAME, user="extras_login")
    return await start_gateway(dsn, anon_role="extras_anon", plan_enabled=True, aggregates_enabled=True, **settings)


@dataclass(slots=True)
class Scrolls:
    """A gateway with default settings, a superuser's connection, and further gateways by their settings."""

    postgres: EmbeddedPostgres
    connection: asyncpg.Connection
    gateway: Served
    _others: dict[str, Served] = field(default_factory=dict[str, Served])

    async def having(self, **settings: Any) -> Served:
        key = repr(settings)
        if key not in self._others:
            self._others[key] = await start(self.postgres, **settings)
        return self._others[key]

    async def close(self) -> None:
        for served in (self.gateway, *self._others.values()):
            await stop_gateway(served)
