"""What is known about code that cannot be read: data for the trust analysis.

To vouch for something here is to say that it leaves nothing behind in its session, runs no SQL text and calls no
function that its tree does not name.
"""

from __future__ import annotations

from functools import cache

from gateway.catalog.trust.sqltext import normalized

# Volatile only in that they answer differently each time.
HARMLESS_VOLATILE = frozenset({
    "array_sample", "array_shuffle", "clock_timestamp", "gen_random_uuid", "pg_sleep", "pg_sleep_for", "pg_sleep_until",
    "random", "random_normal", "timeofday", "uuidv4", "uuidv7",
    "pg_column_size", "pg_database_size", "pg_indexes_size", "pg_relation_size", "pg_table_size",
    "pg_total_relation_size", "pg_is_in_recovery", "pg_xact_commit_timestamp", "txid_status", "pg_xact_status",
    # extensions
    "crypt", "gen_random_bytes", "gen_salt", "pgp_pub_encrypt", "pgp_pub_encrypt_bytea", "pgp_sym_encrypt",
    "pgp_sym_encrypt_bytea", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4",
})  # fmt: skip

# Built-in functions that are not volatile, and yet run SQL or user-defined code that no tree names, by schema, table
# or type given as a value.
DENIED = frozenset({
    "cursor_to_xml", "cursor_to_xmlschema", "database_to_xml", "database_to_xml_and_xmlschema", "database_to_xmlschema",
    "query_to_xml", "query_to_xml_and_xmlschema", "query_to_xmlschema", "schema_to_xml", "schema_to_xml_and_xmlschema",
    "schema_to_xmlschema", "table_to_xml", "table_to_xml_and_xmlschema", "table_to_xmlschema",
    "pg_input_error_info", "pg_input_is_valid", "satisfies_hash_partition",
    "array_in", "domain_in", "multirange_in", "range_in", "record_in",
    "fmgr_c_validator", "fmgr_internal_validator", "fmgr_sql_validator", "plpgsql_validator",
    "set_config", "setseed", "ts_rewrite", "ts_stat",
})  # fmt: skip

# Of extensions: they change the session whatever their declared volatility.
DENIED_EXTENSION_FUNCTIONS = frozenset({"isn_weak", "set_limit"})

CURRENT_SETTING = "current_setting"

# Extensions whose C functions are known to be harmless.
EXTENSIONS = frozenset({
    "btree_gin", "btree_gist", "citext", "cube", "earthdistance", "fuzzystrmatch", "hstore", "intarray", "isn", "ltree",
    "pg_trgm", "pgcrypto", "postgis", "seg", "unaccent", "uuid-ossp", "vector",
})  # fmt: skip

# PostGIS looks coordinate systems up in this table by itself.
EXTENSION_TABLES = {"postgis": "spatial_ref_sys"}

# The C functions of the constructors that PostgreSQL makes for each range type.
CONSTRUCTORS = frozenset({
    "range_constructor2", "range_constructor3", "multirange_constructor0", "multirange_constructor1",
    "multirange_constructor2",
})  # fmt: skip

# SET clauses of a function that change what it computes, and nothing about who it is.
HARMLESS_CLAUSES = frozenset({
    "search_path", "work_mem", "statement_timeout", "lock_timeout", "timezone", "datestyle", "intervalstyle",
    "extra_float_digits", "jit", "default_text_search_config", "random_page_cost", "plan_filter.statement_cost_limit",
    "default_transaction_isolation", "row_security",
})  # fmt: skip

# What a filter, an ordering or a JSON path of a URL can make PostgreSQL look up.
URL_OPERATORS = frozenset({
    "=", "<>", "<", ">", "<=", ">=", "~~", "~~*", "!~~", "!~~*", "~", "~*", "!~", "!~*", "@>", "<@", "&&", "<<", ">>",
    "&<", "&>", "-|-", "@@", "->", "->>",
})  # fmt: skip

# Operators that SQL runs without writing them: DISTINCT, IN, BETWEEN, ORDER BY, LIKE, SIMILAR TO.
IMPLICIT_OPERATORS = frozenset({"=", "<>", "<", ">", "<=", ">=", "~~", "!~~", "~~*", "!~~*", "~", "!~"})

_CLAIM_BODIES = (
    # Supabase, first form
    "select nullif(current_setting('request.jwt.claim.{claim}', true), '')::{type};",
    # Supabase, when PostgREST 9 moved all claims into one setting
    """select coalesce(
      current_setting('request.jwt.claim.{claim}', true),
      (current_setting('request.jwt.claims', true)::jsonb ->> '{claim}')
    )::{type}""",
    # Supabase, today
    """select coalesce(
      nullif(current_setting('request.jwt.claim.{claim}', true), ''),
      (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> '{claim}')
    )::{type}""",
    # schema/gateway
    """select coalesce(
      nullif(current_setting('request.jwt.claim.{claim}', true), ''),
      nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> '{claim}', '')
    )::{type}""",
)

_JWT_BODIES = (
    # Supabase and schema/gateway
    """select coalesce(
      nullif(current_setting('request.jwt.claim', true), ''),
      nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb""",
)

_CLAIMS = {"uid": ("sub", "uuid"), "role": ("role", "text"), "email": ("email", "text")}


@cache
def auth_bodies() -> dict[str, frozenset[str]]:
    """The known bodies of `auth.uid()`, `auth.role()`, `auth.email()` and `auth.jwt()`, normalized."""
    bodies = {
        name: frozenset(normalized(body.format(claim=claim, type=type_name)) for body in _CLAIM_BODIES)
        for name, (claim, type_name) in _CLAIMS.items()
    }
    return {**bodies, "jwt": frozenset(normalized(body) for body in _JWT_BODIES)}


def harmless_setting(name: str) -> bool:
    """Whether a read of this setting depends on nothing but the caller's identity and the configuration. What
    describes the single request (`request.headers`, `request.method`, …) is not set on the fast path."""
    folded = name.lower()
    return (
        not folded.startswith("request.")
        or folded in ("request.jwt.claim", "request.jwt.claims")
        or (folded.startswith("request.jwt.claim."))
    )
