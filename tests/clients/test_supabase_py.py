"""The unmodified Python client, in its asynchronous and its blocking form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from postgrest import APIError, CountMethod
from supabase import AsyncClientOptions, acreate_client, create_client
from supabase.lib.client_options import SyncClientOptions

from tests.clients.comparing import Expected, assert_rows, canonical
from tests.clients.filter_reads import EMBEDS, FILTERS
from tests.clients.hublib_reads import AROUND, COMMUNITY, FUNCTIONS, KARIM, MARIE, RESOURCES, Read, seeded
from tests.clients.reference import HubLib

TABLES = {
    "resources": RESOURCES,
    "around": AROUND,
    "community": COMMUNITY,
    "functions": FUNCTIONS,
    "filters": FILTERS,
    "embeds": EMBEDS,
}

# The package's own calls; its users see these too.
pytestmark = pytest.mark.filterwarnings(r"ignore:The '\w+' parameter is deprecated:DeprecationWarning")


@pytest.fixture
def hublib(read_hublib: HubLib) -> HubLib:
    """Nothing here writes."""
    return read_hublib


@pytest_asyncio.fixture
async def expected(hublib: HubLib) -> AsyncIterator[Expected]:
    connection = await asyncpg.connect(hublib.owner, server_settings={"timezone": "UTC"})
    yield Expected(connection)
    await connection.close()


async def connect(hublib: HubLib, caller: str = "anonymous", *, key: str | None = None, blocking: bool = False) -> Any:
    """A client as an application makes it: with a key, and for those who are signed in with their token."""
    key = key or hublib.keys["service" if caller == "service" else "anon"]
    headers = {"Authorization": f"Bearer {hublib.tokens[caller]}"} if caller in hublib.tokens else {}
    if blocking:
        return create_client(hublib.url, key, SyncClientOptions(headers=headers))
    return await acreate_client(hublib.url, key, AsyncClientOptions(headers=headers))


@pytest.mark.parametrize("blocking", [False, True], ids=["async", "blocking"])
@pytest.mark.parametrize("table", TABLES)
async def test_reads(table: str, blocking: bool, hublib: HubLib, expected: Expected, subtests: pytest.Subtests) -> None:
    clients: dict[str, Any] = {}
    for read in TABLES[table]:
        for caller in read.callers:
            if caller not in clients:
                clients[caller] = await connect(hublib, caller, blocking=blocking)
            with subtests.test(read.name, caller=caller):
                viewer = hublib.people.get(caller, caller)
                request = read.build(clients[caller], viewer)
                answer = await asyncio.to_thread(request.execute) if blocking else await request.execute()
                check(read, answer, await expected.rows(read.rows, viewer), empty=caller in read.none)


def check(read: Read, answer: Any, wanted: list[dict[str, Any]], *, empty: bool) -> None:
    assert (not wanted) == empty, f"the query found {len(wanted)} rows"
    if not read.one:
        assert_rows(answer.data, wanted)
    elif empty:
        assert answer is None
    else:
        assert canonical(answer.data) == canonical(wanted[0])


async def refused(request: Any) -> APIError:
    with pytest.raises(APIError) as caught:
        await request.execute()
    return caught.value


async def test_counts_and_pages(hublib: HubLib, expected: Expected) -> None:
    db = await connect(hublib, "marie")
    wanted = await expected.rows("select id from expected.resources($1) order by id", MARIE)
    table = db.table("resources")
    head = await table.select("*", count=CountMethod.exact, head=True).execute()
    assert (head.count, head.data) == (len(wanted), [])
    page = await table.select("id", count=CountMethod.exact).order("id").range(10, 14).execute()
    assert (page.count, page.data) == (len(wanted), wanted[10:15])
    assert (await table.select("id").order("id").limit(2).offset(3).execute()).data == wanted[3:5]
    for guess in (CountMethod.planned, CountMethod.estimated):
        answer = await table.select("id", count=guess).limit(1).execute()
        assert isinstance(answer.count, int)
        assert answer.count > 1
    assert (await table.select("id").limit(1).execute()).count is None
    beyond = await refused(table.select("id", count=CountMethod.exact).range(5000, 5001))
    assert (beyond.code, beyond.message) == ("PGRST103", "Requested range not satisfiable")


async def test_one_row_or_none(hublib: HubLib) -> None:
    profiles = (await connect(hublib, "marie")).table("profiles")
    assert (await profiles.select("username").eq("id", MARIE).single().execute()).data == {"username": "marie"}
    assert await profiles.select("username").eq("id", seeded("1", 999)).maybe_single().execute() is None
    missing = await refused(profiles.select("username").eq("id", seeded("1", 999)).single())
    several = await refused(profiles.select("username").in_("id", [MARIE, KARIM]).single())
    for error, rows in ((missing, 0), (several, 2)):
        assert error.json() == {
            "code": "PGRST116",
            "details": f"The result contains {rows} rows",
            "hint": None,
            "message": "Cannot coerce the result to a single JSON object",
        }


async def test_other_forms(hublib: HubLib) -> None:
    kinds = (await connect(hublib)).table("kinds")
    text = await kinds.select("id, theme:settings->>theme, during").order("id").limit(2).csv().execute()
    assert text.data == 'id,theme,during\n1,dark,"[0,10)"\n2,light,"[10,20)"'
    stripped = await kinds.select("id, during, done").eq("id", 4).strip_nulls().execute()
    assert stripped.data == [{"id": 4, "done": True}]
    assert (await refused(kinds.select("id").explain())).code == "PGRST107"


async def test_errors_say_what_is_wrong(hublib: HubLib) -> None:
    db = await connect(hublib, "marie")
    wrong = {
        "PGRST205": db.table("resourcez").select("*"),
        "42703": db.table("resources").select("titel"),
        "22P02": db.table("resources").select("id").eq("user_id", "undefined"),
        "PGRST100": db.table("resources").select("id").filter("title", "resembles", "x"),
        "PGRST200": db.table("resources").select("id, admin_config(*)"),
        "PGRST201": db.table("category_tag_suggestions").select("name, profiles(username)"),
        "PGRST106": db.schema("hublib").from_("import_id_map").select("*"),
        "PGRST202": db.rpc("nothing", {"a": 1}, get=True),
        "25006": db.rpc("increment_resource_views", {"resource_id": MARIE}, get=True),
        "42501": db.table("kinds").select("*"),
    }
    for code, request in wrong.items():
        error = await refused(request)
        assert error.code == code
        assert error.message
    # A refused HEAD has no body: the client reads the code from the header Proxy-Status.
    assert (await refused(db.table("resourcez").select("*", head=True))).code == "PGRST205"


async def test_keys_and_tokens(hublib: HubLib, expected: Expected) -> None:
    async def notifications(caller: str, key: str | None = None) -> int:
        db = await connect(hublib, caller, key=key)
        return (await db.table("notifications").select("id", count=CountMethod.exact, head=True).execute()).count

    everyones = len(await expected.rows("select id from expected.notifications($1)", "service"))
    maries = len(await expected.rows("select id from expected.notifications($1)", MARIE))
    assert 0 < maries < everyones
    assert await notifications("anonymous") == 0
    assert await notifications("anonymous", hublib.keys["publishable"]) == 0
    assert await notifications("marie") == await notifications("marie", hublib.keys["publishable"]) == maries
    assert await notifications("service") == await notifications("anonymous", hublib.keys["secret"]) == everyones
    for caller, key, code in (
        ("forged", None, "PGRST301"),
        ("expired", None, "PGRST303"),
        ("anonymous", "sb_publishable_nobody", "invalid_api_key"),
    ):
        assert (await refused((await connect(hublib, caller, key=key)).table("profiles").select("id"))).code == code


async def test_many_people_at_once_each_with_their_own_rows(hublib: HubLib) -> None:
    clients = {name: await connect(hublib, name) for name in hublib.people}
    asked = [name for name in clients for _ in range(40)]
    answers = await asyncio.gather(
        *(clients[n].table("notifications").select("user_id").limit(5).execute() for n in asked)
    )
    for name, answer in zip(asked, answers, strict=True):
        assert answer.data == [{"user_id": hublib.people[name]}] * 5
