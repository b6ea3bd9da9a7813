"""The reference application behind a gateway."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest_asyncio

from tests.clients.reference import PEOPLE, HubLib
from tests.serving import Serve, serve, token

__all__ = ["hublib", "serve"]


@pytest_asyncio.fixture
async def hublib(hublib_database: str, serve: Serve) -> HubLib:
    connection = await asyncpg.connect(hublib_database)
    for script in ("expected.sql", "kinds.sql", "keep.sql"):
        await connection.execute((Path(__file__).parent / script).read_text(encoding="utf-8"))
    await connection.close()
    keys = {
        "anon": token("anon"),
        "service": token("service_role"),
        "publishable": "sb_publishable_for_the_tests_of_clients",
        "secret": "sb_secret_for_the_tests_of_clients",
    }
    served = await serve(
        hublib_database,
        login="authenticator",
        anon_key=keys["anon"],
        service_key=keys["service"],
        publishable_keys=keys["publishable"],
        secret_keys=keys["secret"],
        require_api_key=True,
        tx_end="commit-allow-override",
    )
    tokens = {name: token(sub=sub, email=f"{name}@hublib.example") for name, sub in PEOPLE.items()}
    tokens["forged"] = tokens["marie"][:-5] + "forge"
    tokens["expired"] = token(sub=PEOPLE["marie"], exp=1_700_000_000)
    return HubLib(served.url, keys, PEOPLE, tokens, hublib_database)
