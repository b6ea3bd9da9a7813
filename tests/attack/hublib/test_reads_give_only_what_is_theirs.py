"""Every table and view, read in every way there is, by people who may see some of it or nothing."""

from __future__ import annotations

import csv
import io
import json

import pytest

from gateway.catalog import Name
from tests.attack.hublib.conftest import Target, key_of
from tests.attack.hublib.people import PEOPLE, Person

EVERYONE = pytest.mark.parametrize("person", PEOPLE, ids=str)


@EVERYONE
async def test_lists_have_exactly_the_rows_that_may_be_seen(target: Target, person: Person) -> None:
    for relation in target.tables:
        key = key_of(relation)
        status, body, headers = await target.ask(person, f"/rest/v1/{relation}?select=*", Prefer="count=exact")
        assert status in (200, 206), (relation, body)
        allowed = await target.allowed(person, relation, "select")
        assert {row[key] for row in json.loads(body)} == allowed, relation
        assert headers["Content-Range"].split("/")[1] == str(len(allowed)), relation
        assert await target.leaks(person, body) == set()


@EVERYONE
async def test_counts_tell_no_more(target: Target, person: Person) -> None:
    for relation in target.tables:
        allowed = len(await target.allowed(person, relation, "select"))
        _, body, _ = await target.ask(person, f"/rest/v1/{relation}?select=count()")
        assert json.loads(body) == [{"count": allowed}], relation
        _, _, headers = await target.ask(person, f"/rest/v1/{relation}", "HEAD", Prefer="count=exact")
        assert headers["Content-Range"].split("/")[1] == str(allowed), relation


@EVERYONE
async def test_hidden_rows_are_like_missing_ones(target: Target, person: Person) -> None:
    """By key, by any other column, by range: nothing to see, and the same answer as for what does not exist."""
    for relation in target.tables:
        key = key_of(relation)
        hidden = sorted(await target.everything(relation) - await target.allowed(person, relation, "select"))[:3]
        for id_ in hidden:
            single = {"Accept": "application/vnd.pgrst.object+json"}
            there = await target.ask(person, f"/rest/v1/{relation}?{key}=eq.{id_}", **single)
            missing = await target.ask(
                person, f"/rest/v1/{relation}?{key}=eq.00000000-0000-4000-8000-000000000000", **single
            )
            assert (there[0], there[1]) == (missing[0], missing[1]), (relation, id_)
        if hidden:
            listed = ",".join(hidden)
            for query in (
                f"{key}=in.({listed})",
                f"{key}=gte.{hidden[0]}&{key}=lte.{hidden[0]}",
                f"not.and=({key}.neq.{hidden[0]})",
            ):
                _, body, _ = await target.ask(person, f"/rest/v1/{relation}?select={key}&{query}")
                assert json.loads(body) == [], (relation, query)


@EVERYONE
async def test_embeds_show_no_more_than_the_table_itself(target: Target, person: Person) -> None:
    catalog = target.served.gateway.catalog.current()
    for origin, relationships in catalog.relationships.items():
        if origin.name not in target.tables:
            continue
        for relationship in relationships:
            if relationship.target.name not in target.tables:
                continue
            hint = relationship.junction.table.name if relationship.junction else relationship.constraint
            if relationship.is_self:  # a constraint would name both directions
                hint = relationship.columns[0][0 if relationship.to_one else 1]
            name, key = relationship.target.name, key_of(relationship.target.name)
            allowed = await target.allowed(person, name, "select")
            path = f"/rest/v1/{origin.name}?select={key_of(origin.name)},embedded:{name}!{hint}({key})"
            status, body, _ = await target.ask(person, path)
            if status == 300:  # the same junction by two ways; other hints reach both
                continue
            assert status == 200, (path, body)
            for row in json.loads(body):
                embedded = row["embedded"] if isinstance(row["embedded"], list) else [row["embedded"]]
                assert {each[key] for each in embedded if each} <= allowed, path
            _, body, _ = await target.ask(person, f"/rest/v1/{origin.name}?select=*,{name}!{hint}!inner(*)")
            assert await target.leaks(person, body) == set(), path


@EVERYONE
@pytest.mark.parametrize("target_table", ["resources", "groups", "notifications", "collections", "resource_shares"])
async def test_filters_on_embeds_do_not_tell_who_is_behind_them(
    target: Target, person: Person, target_table: str
) -> None:
    """`embed=not.is.null`, filters inside and ordering by an embed ask about visible rows only."""
    allowed = await target.allowed(person, target_table, "select")
    catalog = target.served.gateway.catalog.current()
    for relationship in catalog.relationships.get(Name("public", target_table), ()):
        if relationship.junction or relationship.target.name not in target.tables:
            continue
        origin = relationship.target.name
        path = (
            f"/rest/v1/{origin}?select={key_of(origin)},{target_table}!{relationship.constraint}(id)"
            f"&{target_table}=not.is.null&{target_table}.order=id"
        )
        status, body, _ = await target.ask(person, path)
        if status != 200:
            continue
        for row in json.loads(body):
            found = row[target_table] if isinstance(row[target_table], list) else [row[target_table]]
            assert found, path
            assert {each["id"] for each in found} <= allowed, path


@EVERYONE
async def test_other_forms_of_an_answer_show_the_same(target: Target, person: Person) -> None:
    for relation in target.tables:
        allowed = await target.allowed(person, relation, "select")
        key = key_of(relation)
        _, body, _ = await target.ask(person, f"/rest/v1/{relation}?select={key}", Accept="text/csv")
        rows = list(csv.DictReader(io.StringIO(body.decode())))
        assert {row[key] for row in rows} == allowed, relation
        steps = [{"method": "GET", "path": f"/rest/v1/{relation}?select=*"}]
        _, body, _ = await target.ask(person, "/batch/v1", "POST", {"steps": steps})
        assert await target.leaks(person, body) == set()
        _, body, _ = await target.ask(
            person, f"/rest/v1/{relation}", Accept="application/vnd.pgrst.plan+json; options=analyze|verbose"
        )
        assert await target.leaks(person, body) == set()


@EVERYONE
async def test_functions_tell_no_more(target: Target, person: Person) -> None:
    """Each function with ids of rows that are somebody else's, by GET and POST."""
    hidden = sorted(await target.everything("resources") - await target.allowed(person, "resources", "select"))[:2]
    people = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"]
    groups = sorted(await target.everything("groups") - await target.allowed(person, "groups", "select"))[:1]
    values = {"uuid": [*hidden, *people, *groups], "text": ["", "mark", "%", "Débuter"], "integer": ["1000"]}
    catalog = target.served.gateway.catalog.current()
    before = await digest(target)
    for overloads in catalog.functions.values():
        for function in overloads:
            if function.name.schema != "public":
                continue
            for at in range(4):
                arguments = {
                    parameter.name: options[at % len(options)]
                    for parameter in function.parameters
                    if (options := values.get(parameter.type)) and (parameter.required or at % 2)
                }
                _, body, _ = await target.ask(person, f"/rest/v1/rpc/{function.name.name}", "POST", arguments)
                assert await target.leaks(person, body) == set(), (function.name, arguments)
    assert await digest(target) == before, "no row of others was changed"


async def digest(target: Target) -> str:
    """All content rows that none of these people owns."""
    return await target.owner.fetchval(
        "select md5(string_agg(r::text, '' order by r.id)) from resources r "
        "where user_id in ('11111111-1111-4111-8111-111111111111') and visibility <> 'public'"
    )


@EVERYONE
async def test_the_description_shows_what_may_be_called(target: Target, person: Person) -> None:
    _, body, _ = await target.ask(person, "/rest/v1/", Accept="application/openapi+json")
    paths = set(json.loads(body)["paths"])
    members_only = {f"/rpc/{name}" for name in ("search_users", "rate_resource", "fork_resource", "share_resource")}
    assert members_only & paths == (members_only if person.sub else set())
    assert not any("hublib" in path or "auth" in path for path in paths)
    assert await target.leaks(person, body) == set()
