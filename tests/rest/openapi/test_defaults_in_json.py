"""Column defaults, as PostgreSQL prints them, in the JSON of their type."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.rest.openapi.jsontypes import json_default


@pytest.mark.parametrize(
    ("sql_type", "expression", "expected"),
    [
        ("text", "'plain'::text", "plain"),
        ("text", "''::text", ""),
        ("text", "'it''s ::text'::text", "it's ::text"),
        ("text", "('a'::text || 'b'::text)", "('a'::text || 'b'::text)"),
        ("text", "NULL::text", None),
        ("text", "CURRENT_USER", "CURRENT_USER"),
        ("character", "'A1'::bpchar", "A1"),
        ("character varying", "'x'::character varying(3)", "x"),
        ("app.mood", "'happy'::app.mood", "happy"),
        ('app."Mood"', "'happy'::app.\"Mood\"", "happy"),
        ("date", "('now'::text)::date", "('now'::text)"),
        ("timestamp with time zone", "now()", "now()"),
        ("integer", "42", 42),
        ("integer", "nextval('s'::regclass)", None),
        ("integer", "'-1'::integer", None),
        ("numeric", "42.20", 42.2),
        ("double precision", "'NaN'::double precision", None),
        ("numeric", "99999999999999999999999999", 1e26),
        ("boolean", "true", True),
        ("boolean", "NOT false", None),
        ("jsonb", "'{}'::jsonb", None),
        ("text[]", "'{}'::text[]", None),
        ("text[]", "ARRAY['a'::text]", None),
    ],
)
def test_a_default_is_the_value_that_json_can_say(sql_type: str, expression: str, expected: Any) -> None:
    found = json_default(expression, sql_type)
    assert found == expected
    assert type(found) is type(expected)
