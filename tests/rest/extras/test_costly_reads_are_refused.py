"""A ceiling on the planner's cost: what is dearer is refused with its reason, what is cheaper runs."""

from __future__ import annotations

import pytest

from tests.rest.extras.scrolls import MEMBER, OTHER, Scrolls
from tests.serving import Answer, Served

CEILING = 300
"""A sequential scan of `ledger` costs more, everything by index costs less."""


@pytest.fixture
async def guarded(scrolls: Scrolls) -> Served:
    return await scrolls.having(max_cost=f"extras_anon={CEILING}")


def refused(answer: Answer, details: str | None = None, hint: str | None = None) -> None:
    assert (answer.status, answer.json["code"]) == (403, "PGRSTX60"), answer.body
    assert f"more than the {CEILING} that the role 'extras_anon' may spend" in answer.json["message"]
    if details is not None:
        assert details in answer.json["details"]
    if hint is not None:
        assert hint in answer.json["hint"]


REFUSED = [
    ("/ledger?note=eq.x", "The filter on 'note'", "CREATE INDEX ON public.ledger (note)"),
    ("/ledger?note=ilike.*x*", "The filter on 'note'", "CREATE INDEX ON public.ledger USING gin (note gin_trgm_ops)"),
    ("/ledger?note=fts.x", "The filter on 'note'", "USING gin (to_tsvector('simple', note))"),
    ("/ledger?select=id&or=(amount.eq.3,amount.gt.48)", "The filter on 'amount'", "(amount)"),
    ("/ledger?order=amount&limit=3", "The order by 'amount' sorts", "CREATE INDEX ON public.ledger (amount)"),
    ("/ledger", "reads a whole table", "Add a filter"),
    ("/ledger?select=id", "reads a whole table", "Add a filter"),
    ("/ledger?amount=eq.1&limit=1&order=note", "The filter on 'amount'", "(amount)"),
    ("/entries?note=eq.x", "The filter on 'note'", "CREATE INDEX ON the table behind public.entries (note)"),
    ("/ledger?note=eq.x&after=cursor.&limit=2&order=amount", "", ""),
]
ALLOWED = [
    "/ledger?id=eq.77",
    "/ledger?select=id&account=eq.5&limit=3",
    "/ledger?limit=5",
    "/ledger?order=id&limit=5",
    "/ledger?order=id.desc&limit=5&after=cursor.",
    "/makers?order=name",
    "/makers?select=*,scrolls(title)&name=eq.m1",
    "/rpc/asked",
]


@pytest.mark.parametrize(("target", "details", "hint"), REFUSED, ids=[row[0] for row in REFUSED])
async def test_refusals_say_why(guarded: Served, target: str, details: str, hint: str) -> None:
    for _ in range(2):
        refused(await guarded.get(target), details or None, hint or None)
    refused(await guarded.get(target, method="GET", Accept="application/vnd.pgrst.object+json"))


@pytest.mark.parametrize("target", ALLOWED)
async def test_cheap_reads_run(scrolls: Scrolls, guarded: Served, target: str) -> None:
    expected = await scrolls.gateway.get(target)
    for _ in range(3):
        answer = await guarded.get(target)
        assert (answer.status, answer.body) == (expected.status, expected.body)
        assert answer.headers.get("Content-Range") == expected.headers.get("Content-Range")


async def test_head_and_counts_are_reads(guarded: Served) -> None:
    assert (await guarded.get("/ledger?note=eq.x", method="HEAD")).status == 403
    refused(await guarded.get("/ledger?limit=1", Prefer="count=exact"))


async def test_a_cheap_value_opens_no_door_for_a_dear_one(guarded: Served) -> None:
    assert (await guarded.get("/ledger?select=note&limit=1")).status == 200
    refused(await guarded.get("/ledger?select=note&limit=20000"))
    assert (await guarded.get("/ledger?select=note&limit=1")).status == 200
    assert (await guarded.get("/ledger?select=note&id=lt.5")).status == 200
    refused(await guarded.get("/ledger?select=note&id=lt.19000"))


async def test_one_role_is_no_other(scrolls: Scrolls, guarded: Served) -> None:
    assert (await guarded.get("/ledger?note=eq.x", bearer=MEMBER)).status == 200
    refused(await guarded.get("/ledger?note=eq.x"))
    all_roles = await scrolls.having(max_cost="*=300,extras_member=100000")
    assert (await all_roles.get("/ledger?note=eq.x", bearer=MEMBER)).status == 200
    refused(await all_roles.get("/ledger?note=eq.x"))


async def test_policies_are_neither_told_nor_forgotten(scrolls: Scrolls) -> None:
    served = await scrolls.having(max_cost="extras_member=2")
    answer = await served.get("/own_notes?select=id", bearer=MEMBER)
    assert answer.status == 403
    assert "owner" not in answer.body.decode()
    assert "claims" not in answer.body.decode()
    generous = await scrolls.having(max_cost="extras_member=1000")
    mine, theirs = [await generous.get("/own_notes?select=id", bearer=who) for who in (MEMBER, OTHER)]
    assert {row["id"] for row in mine.json}.isdisjoint(row["id"] for row in theirs.json)


async def test_errors_stay_what_they_are(scrolls: Scrolls, guarded: Served) -> None:
    for target in ("/ledger?id=eq.x", "/ledger?select=nothing", "/scrolls?select=hidden", "/ledger?id=eq.1&order=x"):
        expected = await scrolls.gateway.get(target)
        answer = await guarded.get(target)
        assert (answer.status, answer.json) == (expected.status, expected.json)


async def test_a_plan_may_be_seen_but_not_run(guarded: Served) -> None:
    plan = "application/vnd.pgrst.plan+json"
    assert (await guarded.get("/ledger?note=eq.x", Accept=plan)).status == 200
    refused(await guarded.get("/ledger?note=eq.x", Accept=f"{plan};options=analyze"))
