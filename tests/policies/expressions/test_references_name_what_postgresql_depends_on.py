"""What an expression names, compared with what PostgreSQL notes in `pg_depend` for a policy of it."""

from __future__ import annotations

import pytest

from gateway.policies.expressions import Column, References, references
from tests.policies.expressions.server import Server

MINE = [
    ("n = 1 and items.s = 'x' or (home).town = s", "n items.s home s"),
    ('"Mixed Case" = "select" and É = 1', "Mixed Case select É"),
    ("n::int8 = cast(m as numeric(10, 2)) and date '2024-01-01' < day", "n m day"),
    ("extract(year from day) = year and trim(both s from v) collate \"C\" = 'x'", "day year s v"),
    ("app.can(id, what => 'x') and app.can(id, other := flag)", "id id flag"),
    ("current_date > day at time zone 'UTC' and user = role", "day role"),
    ("n operator(pg_catalog.+) m <@ r and tags && array[s]", "n m r tags s"),
    ("items is not null and items.* is not null", "items items.*"),
    ("case type when 'a' then n end = any (nums) and not flag", "type n nums flag"),
    ("exists (select 1 from app.members m where m.user_id = items.owner and role = 'x')", "items.owner"),
    ("exists (select 1 from app.members m where m.until > until)", ""),
]


def written(text: str, names: tuple[object, ...]) -> str:
    """Names as they stand in the text."""
    return " ".join(text[name.start : name.end] for name in names)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("text", "columns"), MINE)
def test_columns_of_the_own_table(text: str, columns: str) -> None:
    found = references(text)

    assert written(text, found.columns).replace('"', "") == columns
    assert found.problem is None


def place(column: Column) -> str:
    """A column in a subquery, with the relations that it may belong to."""
    relations = (".".join(part for part in name if part) for name in column.relations)
    return f"{'.'.join((*column.qualifier, column.name))} of {', '.join(relations)}"


INNER = {
    "exists (select 1 from app.members m where m.user_id = 1 and role = 'x')": [
        "m.user_id of app.members",
        "role of app.members",
    ],
    "exists (select 1 from a join b on a.x = b.y, c d where d.z = c.z)": ["a.x of a", "b.y of b", "d.z of c"],
    "exists (select 1 from app.a where app.a.x and public.a.y)": ["app.a.x of app.a"],
    "exists (select 1 from a where a.x in (select b.x from b where b.y = a.y and z))": [
        "a.x of a",
        "b.x of b",
        "b.y of b",
        "a.y of a",
        "z of b, a",
    ],
    "exists (select 1 from a join b using (id, n) where x)": ["id of a, b", "n of a, b", "x of a, b"],
    "exists (select 1 from (a join b on a.x = b.x) where y)": ["a.x of a", "b.x of b", "y of a, b"],
    "exists (select 1 from (select x from a) q where q.x and y)": ["x of a", "q.x of ", "y of "],
    "exists (select 1 from f(n) g where g.x = 1)": ["n of ", "g.x of "],
    "exists (select 1 from f() where f.x = 1)": ["f.x of "],
    "exists (select m from a m where m is not null)": ["m of a", "m.* of a", "m of a", "m.* of a"],
    "exists (select *, m.* from a m, b)": ["* of a, b", "m.* of a"],
    "exists (select 1 from a as m (x, y) where m.x)": ["m.x of "],
    "exists (with a as (select x from a) select a.x from a)": ["x of a", "a.x of "],
    "exists (with recursive a as (select x from a) select a.x from a)": ["x of ", "a.x of "],
    "exists (with q as (select z from a where y) select 1 from q, b)": ["z of a", "y of a"],
    "exists (select x from a union select y from b order by x)": ["x of a", "y of b"],
}  # fmt: skip


@pytest.mark.parametrize("text", INNER)
def test_columns_in_subqueries(text: str) -> None:
    assert [place(column) for column in references(text).inner_columns] == INNER[text]


def test_calls_settings_and_the_clock() -> None:
    text = (
        "app.f(1, g(a)) and h ( ) = pg_catalog.lower('x') and substring(s from 1 for 2) = s and count(*) > 1"
        " and current_setting('app.x', true) = current_setting('app.' || s) and app.current_setting('y') = s"
        " and now() > current_timestamp - age(t) and age(t, u) > x and current_user = user and $1 = s"
        " and exists (select 1 from k() as l(m), lateral o(p) q where date '2024-01-01' = r::varchar(10))"
        " and exists (with a(b) as (select coalesce(row(1), null)) select v(w order by x, y) over (order by z) from a)"
    )
    found = references(text)
    called = [f"{call.schema or ''}.{call.name}/{call.arguments}" for call in found.functions]

    assert called == [
        "app.f/2", ".g/1", ".h/0", "pg_catalog.lower/1", ".substring/3", ".count/0", ".current_setting/1",
        "app.current_setting/1", ".now/0", ".age/1", ".age/2", ".k/0", ".o/1", ".v/1",
    ]  # fmt: skip
    assert written(text, found.functions[:3]) == "app.f(1, g(a)) g(a) h ( )"
    assert found.settings == {"app.x"}
    assert written(text, found.clock) == "now() current_timestamp age(t)"
    assert written(text, found.roles) == "current_user user"
    assert written(text, found.parameters) == "$1"


def test_what_cannot_be_read_says_so() -> None:
    for text in ("a = ", "a = 'b", "json_value(j, '$' returning text) = app.f()"):
        found = references(text)
        assert found.problem is not None
        assert found.columns == found.relations == ()
    assert [call.name for call in references("json_value(j, '$' returning text) = app.f()").functions][-1] == "f"
    assert references("").problem is not None


UNWRITTEN = ("natural join", "NATURAL JOIN", "m (g, u", "m(g, u")
"""Where columns are compared that nobody writes, or that have other names."""

DEPENDENCIES = """
select d.refclassid::regclass::text, coalesce(a.attname, p.proname, ''),
       (select nspname || '.' || relname from pg_class c join pg_namespace n on n.oid = relnamespace
        where c.oid = d.refobjid and c.relkind <> 'c'),
       p.pronamespace::regnamespace::text
from pg_depend d join pg_policy o on o.oid = d.objid and d.classid = 'pg_policy'::regclass
left join pg_attribute a on d.refclassid = 'pg_class'::regclass and a.attrelid = d.refobjid and a.attnum = d.refobjsubid
left join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
where d.deptype = 'n'
"""


def qualified(schema: str | None, name: str) -> str:
    return f"{schema or ('pg_catalog' if name.startswith('pg_') else 'app')}.{name}"


def compare(text: str, found: References, dependencies: list[tuple[str, str, str | None, str]]) -> None:
    columns = {(relation, name) for kind, name, relation, _ in dependencies if kind == "pg_class" and relation and name}
    own = {name for relation, name in columns if relation == "app.items"}
    named = {column.name for column in found.columns}
    everywhere = named | {column.name for column in found.inner_columns}
    # System columns are not noted; the table's own name is the row of it.
    assert named - {"*", "ctid", "items", "tableoid", "xmin"} <= own, text
    assert own <= everywhere or {"*", "items"} & named, text

    relations = {relation for kind, _, relation, _ in dependencies if kind == "pg_class" and relation}
    read = {qualified(relation.schema, relation.name) for relation in found.relations}
    assert relations - {"app.items"} <= read, text
    pinned = {name for name in read if name.startswith(("pg_catalog.", "information_schema."))}
    assert read - pinned <= relations | {"app.items"}, text

    possible = {
        (qualified(schema, name), column.name) for column in found.inner_columns for schema, name in column.relations
    }
    for relation, name in columns:
        if relation != "app.items" and not any(words in text for words in UNWRITTEN):
            assert {(relation, name), (relation, "*")} & possible, text

    functions = {name for kind, name, _, schema in dependencies if kind == "pg_proc" and schema == "app"}
    called = {call.name for call in found.functions if call.schema in ("app", None)}
    assert functions - {"texteq"} <= called, text
    assert {call.name for call in found.functions if call.schema == "app"} <= functions, text


def test_they_are_what_postgresql_depends_on(server: Server, valid: tuple[str, ...]) -> None:
    """As somebody wrote it, and as PostgreSQL prints it."""
    server.run("set search_path to app, public")
    compared = 0
    for text in valid:
        server.run(f"create policy p on app.items using ({text}\n)")
        dependencies = server.rows(DEPENDENCIES)
        printed = server.rows("select pg_get_expr(polqual, polrelid) from pg_policy")[0][0]
        server.run("drop policy p on app.items")
        for form in (text, printed):
            found = references(form)
            if found.problem is None:
                compare(form, found, dependencies)  # type: ignore[arg-type]
                compared += 1
    server.run("reset search_path")

    assert compared > 1200
