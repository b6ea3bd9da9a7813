"""Migrations written for pgcrypto and uuid-ossp run on the embedded server, or say clearly why not."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
TEXTS = ("", "a", "naïve ☃", "x" * 55, "x" * 56, "x" * 64, "x" * 129)


@pytest_asyncio.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    await connection.execute("create schema extensions")
    await connection.execute("create extension if not exists pgcrypto with schema extensions")
    await connection.execute('create extension if not exists "uuid-ossp" with schema extensions')
    yield connection
    await connection.close()


async def test_digests_are_those_of_the_standard(connection: asyncpg.Connection) -> None:
    for name in HASHES:
        for text in TEXTS:
            expected = hashlib.new(name, text.encode()).digest()
            assert await connection.fetchval("select extensions.digest($1::text, $2)", text, name.upper()) == expected
            found = await connection.fetchval("select extensions.digest($1::bytea, $2)", text.encode(), name)
            assert found == expected, (name, text)


async def test_hmacs_are_those_of_the_standard(connection: asyncpg.Connection) -> None:
    for name in HASHES:
        for key in ("k", "k" * 64, "k" * 200):
            expected = hmac.new(key.encode(), b"message", name).digest()
            found = await connection.fetchval("select extensions.hmac('message'::text, $1::text, $2)", key, name)
            assert found == expected, (name, key)


async def test_unknown_hash_is_refused(connection: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.InvalidParameterValueError, match="No such hash algorithm"):
        await connection.fetchval("select extensions.digest('x'::text, 'whirlpool')")


async def test_random_bytes_have_the_wanted_length_and_differ(connection: asyncpg.Connection) -> None:
    for count in (1, 31, 32, 33, 1024):
        assert len(await connection.fetchval("select extensions.gen_random_bytes($1)", count)) == count
    rows = await connection.fetch("select extensions.gen_random_bytes(16) as b from generate_series(1, 1000)")
    assert len({row["b"] for row in rows}) == 1000
    for count in (0, 1025):
        with pytest.raises(asyncpg.PostgresError, match="Length not in range"):
            await connection.fetchval("select extensions.gen_random_bytes($1)", count)


@pytest.mark.parametrize(
    "call",
    [
        "crypt('secret', 'salt')",
        "gen_salt('bf')",
        "gen_salt('bf', 10)",
        "pgp_sym_encrypt('a', 'b')",
        "encrypt('a', 'b', 'aes')",
    ],
)
async def test_what_sql_cannot_do_names_an_alternative(connection: asyncpg.Connection, call: str) -> None:
    with pytest.raises(asyncpg.FeatureNotSupportedError, match="without OpenSSL") as raised:
        await connection.fetchval(f"select extensions.{call}")
    assert "PASSERELLE_DATABASE_URL" in raised.value.hint


async def test_uuids_of_each_version(connection: asyncpg.Connection) -> None:
    for version, call in ((1, "uuid_generate_v1()"), (1, "uuid_generate_v1mc()"), (4, "uuid_generate_v4()")):
        found = await connection.fetchval(f"select extensions.{call}")
        assert found.version == version
        assert found.variant == uuid.RFC_4122
    for space in ("dns", "url", "oid", "x500"):
        known = getattr(uuid, f"NAMESPACE_{space.upper()}")
        for version, expected in ((3, uuid.uuid3), (5, uuid.uuid5)):
            statement = f"select extensions.uuid_generate_v{version}(extensions.uuid_ns_{space}(), $1)"
            assert await connection.fetchval(statement, "example.org") == expected(known, "example.org")


async def test_version_1_carries_the_time_and_no_hardware_address(connection: asyncpg.Connection) -> None:
    found, ticks = await connection.fetchrow(
        "select extensions.uuid_generate_v1(), (extract(epoch from clock_timestamp()) * 10000000)::bigint"
    )
    assert abs(found.time - 122192928000000000 - ticks) < 10_000_000
    assert found.node >> 40 & 1 == 1


async def test_a_hostile_search_path_changes_nothing(connection: asyncpg.Connection) -> None:
    await connection.execute("""
        create schema trap;
        create function trap.sha256(bytea) returns bytea language sql return '\\x00'::bytea;
        create function trap.md5(bytea) returns text language sql return '00';
        set search_path = trap, pg_catalog;
    """)
    assert await connection.fetchval("select extensions.digest('a'::text, 'sha256')") == hashlib.sha256(b"a").digest()
    assert await connection.fetchval("select extensions.digest('a'::text, 'md5')") == hashlib.md5(b"a").digest()
