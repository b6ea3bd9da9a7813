"""PostgreSQL, not the driver, decides what a text means; JSON comes back as the bytes it is."""

from __future__ import annotations

import contextlib

import asyncpg
import pytest

from gateway.database import PROOF_COLUMNS, Database, DatabaseError
from tests.database.database_room import OpenDatabase, caller, probe

SAMPLES = [
    ("int2", "-7"), ("int4", "+12"), ("int8", "9223372036854775807"), ("numeric", "1e-20"), ("float4", "NaN"),
    ("float8", "-Infinity"), ("bool", "t"), ("text", "ä"), ("varchar", "v"), ("bpchar", "b"), ("name", "n"),
    ('"char"', "c"), ("bytea", "\\x00ff"), ("date", "epoch"), ("time", "04:05"), ("timetz", "04:05+02"),
    ("timestamp", "infinity"), ("timestamptz", "2001-02-03 04:05:06.789+00"), ("interval", "1 day 2 hours"),
    ("uuid", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"), ("jsonb", '{"b": 1, "a": [1.50]}'), ("jsonpath", "$.a[*]"),
    ("inet", "10.1.2.3/8"), ("cidr", "10.0.0.0/8"), ("macaddr", "08:00:2b:01:02:03"), ("money", "12.34"),
    ("bit(3)", "101"), ("varbit", "10101"), ("point", "(1,2)"), ("box", "(2,2),(0,0)"), ("circle", "<(1,2),3>"),
    ("tsvector", "a b"), ("tsquery", "a & b"), ("oid", "42"), ("regclass", "pg_class"),
    ("regtype", "integer"), ("pg_lsn", "0/16B3748"), ("xid8", "5"), ("tid", "(0,1)"),
    ("int4range", "[1,3)"), ("tstzrange", "[2001-01-01,)"), ("int4multirange", "{[1,3),[5,6)}"),
    ("int4[]", "{1,NULL,3}"), ("text[]", '{"a b",c,"NULL"}'), ("int4[][]", "{{1,2},{3,4}}"), ("oid[]", "{1,2}"),
    ("room_type.mood", "glad"), ("room_type.mood[]", "{glad,sad}"), ("room_type.pair", "(1,x)"),
    ("room_type.positive", "5"), ("room_type.span", "[1.5,2.5]"),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
async def types(postgres: object, room: str) -> None:
    connection = await asyncpg.connect(postgres.dsn(room))  # type: ignore[attr-defined]
    await connection.execute("""
        CREATE SCHEMA IF NOT EXISTS room_type;
        GRANT USAGE ON SCHEMA room_type TO PUBLIC;
        CREATE TYPE room_type.mood AS ENUM ('sad', 'glad');
        CREATE TYPE room_type.pair AS (a int, b text);
        CREATE DOMAIN room_type.positive AS int CHECK (VALUE > 0);
        CREATE TYPE room_type.span AS RANGE (subtype = float8);""")
    await connection.close()


async def read(database: Database, expression: str, *arguments: str | None) -> object:
    return (await database.read(caller(), f"SELECT {expression} AS seen, {PROOF_COLUMNS}", arguments))["seen"]


async def test_every_kind_of_type(open_database: OpenDatabase, superuser: asyncpg.Connection) -> None:
    async with open_database(size=1) as database:
        for name, text in SAMPLES:
            expected = await superuser.fetchval(f'SELECT $1::text::{name}::text COLLATE "C"', text)
            seen = await read(database, f"$1::{name}", text)
            assert seen == {"bool": text}.get(name, expected), name
            assert await read(database, f"$1::{name}", None) is None, name
        assert database.stats().connects == 1


async def test_every_builtin_type_can_be_null_and_refuses_in_postgresqls_words(
    open_database: OpenDatabase, superuser: asyncpg.Connection
) -> None:
    names = await superuser.fetch(
        "SELECT format_type(oid, NULL) AS name FROM pg_type WHERE typtype IN ('b','r','m') AND oid < 16384"
        " AND typnamespace = 'pg_catalog'::regnamespace AND typname NOT LIKE 'pg\\_%' AND typname <> 'aclitem'"
    )
    assert len(names) > 100
    async with open_database(size=1) as database:
        for row in names:
            assert await read(database, f"$1::{row['name']}", None) is None, row["name"]
            with contextlib.suppress(DatabaseError):  # some types take any text
                await read(database, f"$1::{row['name']}", "\x01 no value of most types ☃")
        assert database.stats().connects == 1


async def test_json_is_bytes_and_untouched(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        text = '{"b" :  1.0, "b": 12345678901234567890, "ä": "☃"}'
        assert await read(database, "$1::json", text) == text.encode()
        assert await read(database, "pg_catalog.to_json(ARRAY[1, 2])") == b"[1,2]"


@pytest.mark.parametrize(
    ("expression", "value", "code", "message"),
    [
        ("$1::int4", "x", "22P02", 'invalid input syntax for type integer: "x"'),
        ("$1::int2", "40000", "22003", 'value "40000" is out of range for type smallint'),
        ("$1::date", "2001-02-30", "22008", 'date/time field value out of range: "2001-02-30"'),
        ("$1::uuid", "1", "22P02", 'invalid input syntax for type uuid: "1"'),
        ("$1::json", "{", "22P02", "invalid input syntax for type json"),
        ("$1::int4[]", "1,2", "22P02", 'malformed array literal: "1,2"'),
        ("$1::room_type.mood", "mad", "22P02", 'invalid input value for enum room_type.mood: "mad"'),
    ],
)
async def test_errors_are_postgresqls(
    open_database: OpenDatabase, expression: str, value: str, code: str, message: str
) -> None:
    async with open_database(size=1) as database:
        with pytest.raises(DatabaseError) as refused:
            await read(database, expression, value)
        assert (refused.value.status, refused.value.code, refused.value.message) == (400, code, message)


async def test_more_statements_than_a_session_keeps(open_database: OpenDatabase, superuser: asyncpg.Connection) -> None:
    async with open_database(size=1) as database:
        for _ in range(2):
            for number in range(300):
                assert (await database.read(caller(number), probe(str(number))))["seen"] == str(number)
        prepared = await read(database, "(SELECT count(*) FROM pg_catalog.pg_prepared_statements)")
        assert isinstance(prepared, str)
        assert 100 < int(prepared) < 140
