"""What a function can do to its session, and where the next caller would notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spoil:
    name: str
    command: str
    probe: str  # what the next caller looks at


def setting(name: str) -> str:
    return f"coalesce(pg_catalog.current_setting('{name}', true), '')"


SPOILS = [
    Spoil("custom setting", "SET app.tenant = 'attacker'", setting("app.tenant")),
    Spoil("request setting", "SET request.path = '/attacker'", setting("request.path")),
    Spoil("search path", "SET search_path = elsewhere", "SELECT name FROM place"),
    Spoil("read-only mode", "SET default_transaction_read_only = off", setting("transaction_read_only")),
    Spoil(
        "session characteristics",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        setting("transaction_read_only"),
    ),
    Spoil("isolation", "SET default_transaction_isolation = serializable", setting("transaction_isolation")),
    Spoil("row security", "SET row_security = off", setting("row_security")),
    Spoil("time zone", "SET timezone = 'Asia/Kathmandu'", setting("timezone")),
    Spoil("date style", "SET datestyle = 'German'", "'2001-02-03'::date"),
    Spoil("float digits", "SET extra_float_digits = -15", "0.1::float8 + 0.2::float8"),
    Spoil("bytea output", "SET bytea_output = escape", r"'\x00ff'::bytea"),
    Spoil("statement timeout", "SET statement_timeout = '1h'", setting("statement_timeout")),
    Spoil("planner", "SET enable_seqscan = off", setting("enable_seqscan")),
    Spoil("standard strings", "SET standard_conforming_strings = off", setting("standard_conforming_strings")),
    Spoil(
        "temporary table",
        "CREATE TEMP TABLE place AS SELECT 'forged'::text AS name; GRANT SELECT ON place TO PUBLIC",
        "SELECT string_agg(name, ',') FROM place",
    ),
    Spoil(
        "temporary type",
        "CREATE TEMP TABLE holder (a int)",
        "SELECT count(*) FROM pg_catalog.pg_class WHERE relpersistence = 't' AND pg_catalog.pg_table_is_visible(oid)",
    ),
    Spoil(
        "temporary function",
        "CREATE FUNCTION pg_temp.whose() RETURNS text LANGUAGE sql AS $$ SELECT 'attacker' $$",
        "SELECT count(*) FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.pg_my_temp_schema()",
    ),
    Spoil(
        "session lock",
        "SELECT pg_advisory_lock(4711)",
        "SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid()",
    ),
    Spoil(
        "held cursor",
        "DECLARE loot CURSOR WITH HOLD FOR SELECT 1",
        "SELECT count(*) FROM pg_catalog.pg_cursors WHERE is_holdable",
    ),
    Spoil("listening", "LISTEN eavesdropping", "SELECT count(*) FROM pg_catalog.pg_listening_channels()"),
    Spoil("last value", "SELECT nextval('public.counter')", "SELECT count(*) FROM public_lastval()"),
    Spoil("random seed", "SELECT setseed(0.25)", "random()"),
]
