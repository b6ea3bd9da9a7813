"""The database that everything is measured on, and tokens for its users."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import jwt

from gateway.embedded import EmbeddedPostgres
from gateway.migrations import migrate
from gateway.paths import schema_directory

SECRET = "a secret for benchmarks, long enough for HS256"


@dataclass(frozen=True, slots=True)
class World:
    """The database `name` of `server`; `dsn` logs in as `authenticator`."""

    server: EmbeddedPostgres
    name: str

    @property
    def dsn(self) -> str:
        return self.server.dsn(self.name, user="authenticator")


def claims(user: int) -> dict[str, object]:
    """The claims of a Supabase-like access token."""
    sub = f"00000000-0000-4000-8000-{user:012x}"
    return {
        "sub": sub,
        "role": "authenticated",
        "aud": "authenticated",
        "exp": int(time.time()) // 86400 * 86400 + 7 * 86400,
        "email": f"user{user}@example.org",
        "session_id": sub,
        "app_metadata": {"provider": "email"},
        "user_metadata": {},
    }


def token(user: int) -> str:
    return jwt.encode(claims(user), SECRET, algorithm="HS256")


def claims_text(user: int) -> str:
    return json.dumps(claims(user), separators=(",", ":"))


async def build(server: EmbeddedPostgres) -> World:
    """Load the schema into a new database of `server`."""
    name = f"bench_{os.getpid()}"
    administrator = await asyncpg.connect(server.dsn("postgres"))
    try:
        await administrator.execute(f"create database {name}")
        await administrator.execute("set synchronous_commit = off")
        await migrate(server.dsn(name), schema_directory() / "gateway")
        owner = await asyncpg.connect(server.dsn(name))
        try:
            await owner.execute(Path(__file__).with_name("schema.sql").read_text(encoding="utf-8"))
        finally:
            await owner.close()
    finally:
        await administrator.close()
    return World(server, name)
