"""The dangers themselves, tried: somebody gets what the policies of the set forbid."""

from __future__ import annotations

from tests.policies.lints.conftest import KARIM, MARIE, Lab, said

NOTES = f"""
create table public.notes (id integer primary key, user_id uuid, team integer, body text unique);
insert into public.notes values (1, '{MARIE}', 1, 'mine'), (2, '{KARIM}', 1, 'yours'), (3, null, 2, 'nobody''s');
create function public.in_team(team integer) returns boolean language sql stable as 'select team = 1';
"""
OWN = {"name": "own", "to": "authenticated", "for": "select", "using": "user_id = auth.uid()"}


def notes(*rows: dict[str, object], **grants: object) -> dict[str, object]:
    held = {"select": "all", "insert": "all", "update": "all", "delete": "all"}
    return {"table": "public.notes", "grants": {"authenticated": held, **grants}, "rows": list(rows)}


async def test_a_row_that_may_be_edited_is_taken(lab: Lab) -> None:
    using = "user_id = auth.uid() or public.in_team(team)"
    documents = {
        "t": notes(
            {"name": "r", "to": "authenticated", "for": "select", "using": "true"},
            {"name": "i", "to": "authenticated", "for": "insert", "check": "user_id = auth.uid()"},
            {"name": "u", "to": "authenticated", "for": "update", "using": using},
        ),
        "f": {"function": "public.in_team(integer)", "execute": "authenticated"},
    }
    taken = f"update public.notes set user_id = '{MARIE}' where id = 2 returning id"
    async with lab.having(NOTES):
        (problem,) = [each for each in await lab.lint(documents) if each.code == "L004"]
        await lab.apply(documents)
        assert len(await lab.run(taken, MARIE)) == 1
        assert "and user_id = " in problem.fix
        documents["t"]["rows"][2]["check"] = "user_id = auth.uid() and public.in_team(team)"  # type: ignore[index]
        assert not said(await lab.lint(documents), "L004")


async def test_a_view_of_the_owner_shows_every_row(lab: Lab) -> None:
    documents = {"t": notes(OWN), "v": {"table": "public.v", "grants": {"authenticated": {"select": "all"}}}}
    async with lab.having(NOTES + "create view public.v as select * from public.notes"):
        (problem,) = [each for each in await lab.lint(documents) if each.code == "L005"]
        await lab.apply(documents)
        assert len(await lab.run("select * from public.notes", MARIE)) == 1
        assert len(await lab.run("select * from public.v", MARIE)) == 3
        await lab.connection.execute(problem.fix)
        assert len(await lab.run("select * from public.v", MARIE)) == 1
        assert not said(await lab.lint(documents), "L005")


async def test_a_reader_view_inside_a_view_of_the_owner_asks_as_the_reader(lab: Lab) -> None:
    views = """
    create view public.v with (security_invoker = true) as select * from public.notes;
    create view public.w as select * from public.v;
    """
    granted = {"authenticated": {"select": "all"}}
    documents = {name: {"table": f"public.{name}", "grants": granted} for name in ("v", "w")} | {"t": notes(OWN)}
    async with lab.having(NOTES + views):
        assert not said(await lab.lint(documents), "L005")
        await lab.apply(documents)
        assert len(await lab.run("select * from public.w", MARIE)) == 1


async def test_a_partition_shows_what_its_parent_hides(lab: Lab) -> None:
    sql = f"""
    create table public.notes (id integer, user_id uuid) partition by list (id);
    create table public.notes_1 partition of public.notes for values in (1);
    insert into public.notes values (1, '{KARIM}');
    """
    granted = {"authenticated": {"select": "all"}}
    documents = {"t": notes(OWN), "p": {"table": "public.notes_1", "row_security": False, "grants": granted}}
    async with lab.having(sql):
        assert said(await lab.lint(documents), "L013")
        await lab.apply(documents)
        assert await lab.run("select * from public.notes", MARIE) == []
        assert len(await lab.run("select * from public.notes_1", MARIE)) == 1


async def test_a_foreign_key_tells_which_rows_there_are(lab: Lab) -> None:
    sql = NOTES + "create table public.comments (note integer references public.notes, user_id uuid);"
    comments = {
        "table": "public.comments",
        "grants": {"authenticated": {"insert": "all"}},
        "rows": [{"name": "i", "to": "authenticated", "for": "insert", "check": "user_id = auth.uid()"}],
    }
    documents = {"t": notes(OWN), "c": comments}
    insert = f"insert into public.comments values ({{}}, '{MARIE}')"
    async with lab.having(sql):
        assert said(await lab.lint(documents), "L015")
        await lab.apply(documents)
        assert await lab.run("select * from public.notes where id = 2", MARIE) == []
        assert await lab.run(insert.format(2), MARIE) == []
        assert await lab.run(insert.format(9), MARIE) == "23503"
        comments["rows"][0]["check"] += " and note in (select id from public.notes)"
        assert not said(await lab.lint(documents), "L015")
        await lab.apply(documents)
        assert [await lab.run(insert.format(each), MARIE) for each in (1, 2, 9)] == [[], "42501", "42501"]


async def test_a_unique_constraint_tells_which_values_there_are(lab: Lab) -> None:
    documents = {
        "t": notes(OWN, {"name": "i", "to": "authenticated", "for": "insert", "check": "user_id = auth.uid()"})
    }
    insert = f"insert into public.notes values (9, '{MARIE}', 1, '{{}}')"
    async with lab.having(NOTES):
        assert any("which body" in message for message in said(await lab.lint(documents), "L016"))
        await lab.apply(documents)
        assert await lab.run(insert.format("yours"), MARIE) == "23505"
        assert await lab.run(insert.format("new"), MARIE) == []


async def test_visitors_own_what_belongs_to_nobody(lab: Lab) -> None:
    using = "user_id is not distinct from auth.uid()"
    documents = {"t": notes({"name": "r", "to": "anon", "for": "select", "using": using}, anon={"select": "all"})}
    async with lab.having(NOTES):
        assert said(await lab.lint(documents), "L025")
        await lab.apply(documents)
        assert len(await lab.run("select * from public.notes")) == 1


async def test_default_privileges_open_a_table_that_no_file_knows(lab: Lab) -> None:
    documents = {"t": notes(OWN)}
    async with lab.having(NOTES + "alter default privileges in schema public grant select on tables to anon"):
        (problem,) = [each for each in await lab.lint(documents) if each.code == "L014"]
        await lab.apply(documents)
        await lab.connection.execute("create table public.fresh as select 1 as id")
        assert len(await lab.run("select * from public.fresh")) == 1
        await lab.connection.execute(problem.fix)
        assert not said(await lab.lint(documents), "L014")
        await lab.connection.execute("create table public.fresher as select 1 as id")
        assert await lab.run("select * from public.fresher") == "42501"


async def test_row_security_does_not_rule_truncate(lab: Lab) -> None:
    documents = {"t": notes(OWN, authenticated={"select": "all", "truncate": "all"})}
    async with lab.having(NOTES):
        assert said(await lab.lint(documents), "L022")
        await lab.apply(documents)
        assert await lab.run("delete from public.notes", MARIE) == "42501"
        assert await lab.run("truncate public.notes", MARIE) == []
