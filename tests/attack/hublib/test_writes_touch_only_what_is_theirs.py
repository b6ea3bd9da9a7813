"""Every table, written in every way there is, by people who own none of it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.attack.hublib.conftest import Target
from tests.attack.hublib.people import PEOPLE, Person

EVERYONE = pytest.mark.parametrize("person", PEOPLE, ids=str)
VIEWS = ("public_resources", "resource_stats")


async def contents(target: Target, relation: str) -> Mapping[str, str]:
    rows = await target.owner.fetch(f'select id::text, md5(t::text) as digest from public."{relation}" as t')
    return {row["id"]: row["digest"] for row in rows}


def columns(target: Target, relation: str) -> list[str]:
    catalog = target.served.gateway.catalog.current()
    return next(list(found.columns) for name, found in catalog.relations.items() if name.name == relation)


@EVERYONE
@pytest.mark.parametrize("verb", ["update", "delete"])
async def test_rows_of_others_stay(target: Target, person: Person, verb: str) -> None:
    """With the filter of an attacker (all foreign ids) and with the filter of a client that relies on row security."""
    for relation in target.tables:
        if relation in VIEWS:
            continue
        foreign = await target.everything(relation) - await target.allowed(person, relation, verb)
        before = await contents(target, relation)
        for filters in (f"id=in.({','.join(sorted(foreign)[:200])})", "id=not.is.null&limit=1000000"):
            if verb == "update":
                column = "is_read" if relation == "notifications" else "name" if relation == "api_tokens" else "id"
                rows = await target.owner.fetch(f'select "{column}" as value from public."{relation}" limit 1')
                body = {column: rows[0]["value"] if rows and column != "id" else None}
                if column == "id":
                    body = (
                        {"created_at": "2001-01-01"}
                        if "created_at" in columns(target, relation)
                        else {"added_at": "2001-01-01"}
                    )
                sent = await target.ask(
                    person, f"/rest/v1/{relation}?{filters.split('&')[0]}", "PATCH", body,
                    Prefer="return=representation, tx=rollback",
                )  # fmt: skip
            else:
                if filters.startswith("id=not"):
                    continue
                sent = await target.ask(
                    person, f"/rest/v1/{relation}?{filters}", "DELETE", Prefer="return=representation"
                )
            status, answer, _ = sent
            assert status < 500, (relation, answer)
            assert await target.leaks(person, answer) == set(), relation
        after = await contents(target, relation)
        changed = {id_ for id_ in foreign if before[id_] != after.get(id_)}
        assert changed == set(), relation


@EVERYONE
async def test_upserts_do_not_take_rows_over(target: Target, person: Person) -> None:
    for relation in target.tables:
        if relation in VIEWS:
            continue
        foreign = sorted(await target.everything(relation) - await target.allowed(person, relation, "update"))[:2]
        before = await contents(target, relation)
        for id_ in foreign:
            row = json.loads(
                await target.owner.fetchval(f'select to_json(t) from public."{relation}" t where id::text = $1', id_)
            )
            for owner in ("user_id", "owner_id", "created_by", "suggested_by"):
                if owner in row and person.sub:
                    row[owner] = person.sub
            status, answer, _ = await target.ask(
                person, f"/rest/v1/{relation}?on_conflict=id", "POST", row,
                Prefer="resolution=merge-duplicates,return=representation",
            )  # fmt: skip
            assert 400 <= status < 500, (relation, status, answer)
            assert await target.leaks(person, answer) == set(), (relation, answer)
        after = await contents(target, relation)
        assert {id_: before[id_] for id_ in foreign} == {id_: after.get(id_) for id_ in foreign}, relation


@EVERYONE
async def test_nobody_writes_in_the_name_of_others(target: Target, person: Person) -> None:
    """A new row that says it is Marie's."""
    marie = "11111111-1111-4111-8111-111111111111"
    resource = "20000000-0000-4000-8000-000000000001"
    rows = {
        "resources": {"user_id": marie, "title": "t", "description": "d", "category": "c"},
        "saved_resources": {"user_id": marie, "resource_id": resource},
        "resource_ratings": {"user_id": marie, "resource_id": resource, "rating": 1},
        "resource_comments": {"user_id": marie, "resource_id": resource, "content": "x"},
        "collections": {"user_id": marie, "name": "x"},
        "groups": {"owner_id": marie, "name": "x"},
        "group_members": {
            "group_id": "30000000-0000-4000-8000-000000000001",
            "user_id": person.sub or marie,
            "role": "admin",
        },
        "notifications": {"user_id": marie, "type": "x", "title": "x", "message": "x"},
        "user_roles": {"user_id": person.sub or marie, "role": "admin"},
        "admin_config": {"key": "mine", "value": "x"},
        "api_tokens": {"user_id": marie, "name": "x", "token_hash": "x"},
        "analytics_events": {"event": "x", "user_id": marie},
        "category_hierarchy": {"name": "x"},
        "resource_templates": {"created_by": marie, "name": "x", "description": "x", "category": "x"},
        "category_tag_suggestions": {"name": "x", "type": "tag", "suggested_by": marie},
        "suggestion_votes": {"suggestion_id": "60000000-0000-4000-8000-000000000006", "user_id": marie},
        "resource_shares": {"resource_id": resource, "shared_with_user_id": person.sub or marie, "permission": "write"},
        "profiles": {"id": "99999999-0000-4000-8000-000000000000", "username": "x"},
    }
    for relation, row in rows.items():
        status, answer, _ = await target.ask(person, f"/rest/v1/{relation}", "POST", row)
        manager = relation == "group_members" and person.name == "a reader of a share"  # Karim runs that group
        assert status in ((401, 403) if not manager else (201, 403, 409)), (relation, status, answer)
