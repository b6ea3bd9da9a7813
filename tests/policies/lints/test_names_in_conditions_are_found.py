"""Which relations, columns and comparisons lints see in a condition, in PostgreSQL's print and in people's."""

from __future__ import annotations

import pytest

from gateway.policies.lints.condition import condition
from gateway.policies.lints.leaf import Side
from gateway.policies.lints.reading import About, Reading

NOTES = About("notes", frozenset({"id", "user_id", "team", "body"}))

SOURCES = [
    ("id in (select x.id from public.a x)", "public.a x"),
    ("id in (select id from a)", "a a"),
    ("id in (select x.id from a as x where x.team = team)", "a x"),
    ("(id IN ( SELECT x.id\n   FROM (public.a x\n     JOIN public.b ON ((x.id = b.id)))))", "public.a x, public.b b"),
    ("exists (select from public.a, b y, only c)", "public.a a, b y, c c"),
    ("exists (select from a left join b using (id) cross join c)", "a a, b b, c c"),
    ("exists (select from a join (select id from b) z on true)", "a a, b b"),
    ("exists (select from a where a.id in (select id from b))", "a a, b b"),
    ("exists (select from a, lateral (select id from b) z)", "a a, b b"),
    ("exists (select from unnest(array[1]) u(n), a)", "a a"),
    ('exists (select from "Weird"."Name" w)', "Weird.Name w"),
    ("exists (select from a order by id, body)", "a a"),
    ("exists (select from a where (id, team) in (select b.x, b.y from b))", "a a, b b"),
    ("user_id is distinct from (select auth.uid())", ""),
    ("exists (select from a where a.team is distinct from b)", "a a"),
    ("extract(year from body) = 1", ""),
    ("exists (select from a where extract(year from at) = 1 and trim(both from t) = '')", "a a"),
    ("substring(body from 2) = 'x'", ""),
    ("(select auth.uid()) = user_id", ""),
    ("body = 'select from a'", ""),
]


@pytest.mark.parametrize(("text", "expected"), SOURCES)
def test_relations(text: str, expected: str) -> None:
    found = Reading(text, NOTES).sources
    assert ", ".join(f"{s.schema + '.' if s.schema else ''}{s.name} {s.alias}" for s in found) == expected


COLUMNS = [
    ("user_id = auth.uid()", "user_id"),
    ("notes.user_id = 1 and team = 2", "user_id team"),
    ("other.user_id = 1", ""),
    ("body(1) = team", "team"),
    ("(team)::text = 'body'", "team"),
    ("team::body = 1", "team"),
    ("exists (select from a where a.id = notes.team)", "team"),
    ("exists (select id from a where team = 1)", ""),
    ("(select public.f(notes.team) as body)", "team"),
    ("(select coalesce(team, id))", "team id"),
    ("user_id is distinct from (select auth.uid())", "user_id"),
    ("extract(year from body) = 1", "body"),
    ("'team' = 'id'", ""),
    ('"team" = 1', "team"),
]


@pytest.mark.parametrize(("text", "expected"), COLUMNS)
def test_columns_of_the_table_itself(text: str, expected: str) -> None:
    assert " ".join(name for _, name in Reading(text, NOTES).columns) == expected


COMPARISONS = [
    ("user_id = auth.uid()", "user_id = CALLER"),
    ("(user_id = ( SELECT auth.uid() AS uid))", "user_id = CALLER"),
    ("auth.uid() = notes.user_id", "user_id = CALLER"),
    ("((user_id)::text = auth.email())", "user_id = CALLER"),
    ("team = 1", "team = LITERAL"),
    ("team = id", "team = COLUMN"),
    ("team = id + 1", "team = ROW"),
    ("team + 1 = id", "id = ROW"),
    ("1 + team = 2", "none"),
    ("other.team + id = 2", "none"),
    ("lower(body) = auth.email()", "none"),
    ("team in (1, 2)", "team in LITERAL"),
    ("team not in (select a.id from a)", "team not in CALLER read"),
    ("1 in (team, id)", "none"),
    ("team is null", "team is LITERAL"),
    ("team is not null", "team is not LITERAL"),
    ("user_id is distinct from auth.uid()", "user_id is distinct from CALLER"),
    ("team < now_team()", "team < CALLER"),
    ("team", "none"),
    ("body like 'a'", "none"),
]


@pytest.mark.parametrize(("text", "expected"), COMPARISONS)
def test_comparisons(text: str, expected: str) -> None:
    (leaf,) = condition(text, NOTES).leaves
    found = leaf.comparison
    said = f"{found.column} {found.operator} {found.other.name}{' read' if found.is_query else ''}" if found else "none"
    assert said == expected
    assert found is None or isinstance(found.other, Side)
