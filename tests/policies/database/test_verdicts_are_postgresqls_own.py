"""The text of a verdict is what `pg_policy` would say of a policy with that expression, character for character."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest

from gateway.policies.database import Refusal, Verdict, Wanted, judge, read_state
from gateway.policies.model import QualifiedName
from tests.policies.database.expressions import ACCEPTED, PATH, policy_text, wanted


def differences(verdicts: Mapping[Wanted, Verdict], expected: Mapping[Wanted, str]) -> dict[str, tuple[object, str]]:
    return {
        one.expression: (verdicts[one].text or verdicts[one].problem, text)
        for one, text in expected.items()
        if verdicts[one] != Verdict(text, None)
    }


async def test_the_text_is_that_of_a_policy(tables: asyncpg.Connection) -> None:
    expected = {one: await policy_text(tables, one) for one in ACCEPTED}

    assert differences(await judge(tables, [*ACCEPTED, *ACCEPTED], PATH), expected) == {}


async def test_a_bad_neighbour_changes_nothing(tables: asyncpg.Connection) -> None:
    for one in ACCEPTED:
        bad = Wanted(one.relation, "nonsense")
        verdicts = await judge(tables, [one, bad], PATH)
        assert differences(verdicts, {one: await policy_text(tables, one)}) == {}
        assert verdicts[bad].text is None


async def test_policies_that_people_wrote(owner: asyncpg.Connection) -> None:
    await owner.execute((Path(__file__).parents[1] / "hand_written.sql").read_text("utf-8"))
    state = await read_state(owner)
    asked = {
        Wanted(relation.name, text)
        for relation in state.relations.values()
        for policy in relation.policies
        for text in (policy.using, policy.check)
        if text
    }
    assert len(asked) > 30
    expected = {one: await policy_text(owner, one) for one in asked}

    assert differences(await judge(owner, asked, PATH), expected) == {}


REFUSED = {
    wanted("n = nope"): (4, 'column "nope" does not exist', "42703"),
    wanted("ä = 'ü' and nope"): (0, 'column "ä" does not exist', "42703"),
    wanted("visibility = 'äöü' and nope"): (23, 'column "nope" does not exist', "42703"),
    wanted("visibility = 'a'\n  and nope"): (23, 'column "nope" does not exist', "42703"),
    wanted("gone = 1"): (0, 'column "gone" does not exist', "42703"),
    wanted("visibility"): (0, "is of type text, not boolean", "42804"),
    wanted("mood"): (0, "is of type public.mood, not boolean", "42804"),
    wanted("flag and 1 + n"): (9, "argument of AND must be type boolean, not type integer", "42804"),
    wanted("resources"): (0, "is of type public.resources, not boolean", "42804"),
    wanted("pg_sleep(n)"): (0, "argument of POLICY must be type boolean, not type void", "42804"),
    wanted("case when flag then n else visibility end"): (
        20,
        "CASE types text and integer cannot be matched",
        "42804",
    ),
    wanted("case when flag then resources else visibility end"): (
        20,
        "CASE types text and resources cannot be matched",
        "42804",
    ),
    wanted("count(*) > 1"): (0, "aggregate functions are not allowed in policy expressions", "42803"),
    wanted("flag and max(n) > n"): (9, "aggregate functions are not allowed in policy expressions", "42803"),
    wanted("row_number() over () = 1"): (0, "window functions are not allowed in policy expressions", "42P20"),
    wanted("many() = id"): (0, "set-returning functions are not allowed in policy expressions", "0A000"),
    wanted("grouping(n) = 1"): (0, "grouping operations are not allowed in policy expressions", "42803"),
    wanted("exists (with x as (delete from shares returning 1) select from x)"): (
        13,
        "WITH clause containing a data-modifying statement must be at the top level",
        "0A000",
    ),
    wanted("n ="): (3, 'syntax error at or near ")"', "42601"),
    wanted(""): (0, 'syntax error at or near ")"', "42601"),
    wanted("n = 1; drop table shares"): (5, 'syntax error at or near ";"', "42601"),
    wanted("n = 1); drop table shares; select (1"): (
        None,
        "cannot insert multiple commands into a prepared statement",
        "42601",
    ),
    wanted("n = 1) with check (n = 1"): (18, 'syntax error at or near "("', "42601"),
    wanted("n = 1) group by (n"): (7, 'syntax error at or near "group"', "42601"),
    wanted("flag, flag"): (4, 'syntax error at or near ","', "42601"),
    wanted("n = $1"): (4, "there is no parameter $1", "42P02"),
    wanted("mood = 'glad'"): (7, 'invalid input value for enum mood: "glad"', "22P02"),
    wanted("f(n)"): (0, "function f(integer) does not exist", "42883"),
    wanted("other.f(resources)"): (0, "function other.f(resources) does not exist", "42883"),
    wanted("exists (select from nowhere)"): (20, 'relation "nowhere" does not exist', "42P01"),
    wanted("n = 1 and kind = '\0'"): (18, "the character U+0000 cannot be in SQL", "22021"),
    wanted("n = 1 and kind = '\ud800'"): (18, "the character U+D800 cannot be in SQL", "22021"),
    wanted("true", "nowhere"): (None, 'relation "public.nowhere" does not exist', "42P01"),
    wanted("true", "resources_pkey"): (None, 'relation "public.resources_pkey" does not exist', "42P01"),
    # The bare name leads nowhere, though there is a copy of that name while PostgreSQL looks.
    wanted("exists (select from alone where ok)", "alone", "other"): (20, 'relation "alone" does not exist', "42P01"),
    wanted("id = 1 and null::alone is null", "alone", "other"): (17, 'type "alone" does not exist', "42704"),
    wanted("null::second is null", "second", "other"): (6, 'type "second" does not exist', "42704"),
    wanted("exists (select from alone)", "second", "other"): (20, 'relation "alone" does not exist', "42P01"),
    wanted("exists (select from alone)", "date"): (20, 'relation "alone" does not exist', "42P01"),
}


async def test_what_postgresql_refuses(tables: asyncpg.Connection) -> None:
    verdicts = await judge(tables, [*REFUSED, *ACCEPTED], PATH)

    for one, expected in REFUSED.items():
        problem = verdicts[one].problem
        assert problem is not None, one
        assert (problem.offset, problem.message, problem.sqlstate) == expected, one
        assert verdicts[one].text is None


async def test_postgresqls_hints_are_kept(tables: asyncpg.Connection) -> None:
    one = wanted("visibilty = 'x'")
    assert await judge(tables, [one], PATH) == {
        one: Verdict(
            None,
            Refusal(
                0,
                'column "visibilty" does not exist',
                'Perhaps you meant to reference the column "resources.visibility".',
                "42703",
            ),
        )
    }


async def test_names_are_looked_up_through_the_search_path(tables: asyncpg.Connection) -> None:
    one = wanted("lower(visibility) = 'x' and exists (select from alone)")
    assert (await judge(tables, [one], ("public",)))[one].text is None
    printed = (await judge(tables, [one], ("pg_catalog", "other")))[one].text
    assert printed is not None
    assert "lower(visibility)" in printed
    printed = (await judge(tables, [one], ("other", "pg_catalog")))[one].text
    assert printed is not None
    assert "other.lower(visibility)" in printed


@pytest.mark.parametrize("table", ["seen", "outside"])
async def test_views_and_foreign_tables(tables: asyncpg.Connection, table: str) -> None:
    good, bad = wanted("id is not null and visibility = 'x'", table), wanted("nope", table)
    verdicts = await judge(tables, [good, bad], PATH)
    assert verdicts[good] == Verdict("((id IS NOT NULL) AND (visibility = 'x'::text))", None)
    assert verdicts[bad].text is None


async def test_no_wishes_no_verdicts(tables: asyncpg.Connection) -> None:
    assert await judge(tables, [], PATH) == {}
    assert await judge(tables, [Wanted(QualifiedName("no", "table"), "true")], ()) != {}
