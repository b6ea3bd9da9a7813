"""Error paths, and identities that are none."""

from __future__ import annotations

import json
import time

import jwt
import pytest

from tests.attack.hublib.conftest import Target
from tests.attack.hublib.people import PEOPLE, Person
from tests.serving import SECRET

EVERYONE = pytest.mark.parametrize("person", PEOPLE, ids=str)

FAULTS = [
    ("GET", "/rest/v1/resources?select=nope", None),
    ("GET", "/rest/v1/resources?select=*,nope(*)", None),
    ("GET", "/rest/v1/resources?title=cast.x", None),
    ("GET", "/rest/v1/resources?select=readme::integer", None),
    ("GET", "/rest/v1/resources?select=license::uuid", None),
    ("GET", "/rest/v1/notifications?select=message::integer", None),
    ("GET", "/rest/v1/resources?order=readme::integer", None),
    ("GET", "/rest/v1/api_tokens?select=token_hash::integer", None),
    ("GET", "/rest/v1/resources?views_count=gt.9999999999999999999", None),
    ("POST", "/rest/v1/resources", {"title": None}),
    ("POST", "/rest/v1/resources", {"id": "20000000-0000-4000-8000-000000000014"}),
    ("POST", "/rest/v1/rpc/search_users", {"query": ["x"]}),
    ("POST", "/rest/v1/rpc/fork_resource", {"resource_id": "20000000-0000-4000-8000-000000000014"}),
    ("POST", "/rest/v1/rpc/rate_resource", {"resource_id": "20000000-0000-4000-8000-000000000014", "rating": 5}),
    ("PATCH", "/rest/v1/user_roles?role=eq.admin", {"role": "nope"}),
    ("GET", "/rest/v1/users", None),
    ("GET", "/rest/v1/policy_applies", None),
]


@EVERYONE
@pytest.mark.parametrize(("method", "path", "body"), FAULTS, ids=lambda value: str(value)[:40])
async def test_errors_name_no_row_that_is_hidden(
    target: Target, person: Person, method: str, path: str, body: object
) -> None:
    status, answer, _ = await target.ask(person, path, method, body)
    assert status < 500, answer
    assert await target.leaks(person, answer) == set()
    assert b"token_hash=" not in answer


@pytest.mark.parametrize("schema", ["auth", "hublib", "passerelle", "oracle", "pg_catalog", "information_schema"])
async def test_other_schemas_are_out_of_reach(target: Target, schema: str) -> None:
    status, answer, _ = await target.ask(PEOPLE[1], "/rest/v1/users", Accept_Profile=schema)
    assert status == 406, answer
    assert json.loads(answer)["code"] == "PGRST106"


def _signed(secret: str, algorithm: str = "HS256", **claims: object) -> str:
    return jwt.encode({"exp": int(time.time()) + 600, **claims}, secret, algorithm=algorithm)


FORGED = {
    "another secret": _signed("x" * 40, role="service_role"),
    "no signature": jwt.encode({"role": "service_role"}, None, algorithm="none"),
    "expired": _signed(SECRET, role="authenticated", exp=1),
    "a role that is not for requests": _signed(SECRET, role="postgres"),
    "the login role": _signed(SECRET, role="authenticator"),
    "a role with quotes": _signed(SECRET, role='authenticated"; set role postgres; --'),
}


@pytest.mark.parametrize("bearer", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("table", ["resources", "notifications", "user_roles"])
async def test_forged_tokens_get_nothing(target: Target, bearer: str, table: str) -> None:
    headers = {"Authorization": f"Bearer {bearer}"}
    async with target.served.client.get(f"{target.served.url}/rest/v1/{table}", headers=headers) as response:
        assert response.status in (400, 401, 403), await response.text()
        assert b"mark:" not in await response.read()


HOSTILE_SUBJECTS = ["", "' or true --", "null", "11111111-1111-4111-8111-111111111111' --", "{}", "0", "\\", "%00"]


@pytest.mark.parametrize("sub", HOSTILE_SUBJECTS)
async def test_a_subject_that_is_no_id_is_nobody(target: Target, sub: str) -> None:
    person = Person("hostile", sub)
    for table in ("notifications", "saved_resources", "api_tokens", "groups"):
        status, answer, _ = await target.ask(person, f"/rest/v1/{table}?select=*")
        assert status >= 400 or json.loads(answer) == [], (table, answer)
        assert b"mark:" not in answer
