"""Tests of one table may notice a fault in the rules of another: through policies, views, functions and triggers."""

from __future__ import annotations

import asyncpg
import pytest

from gateway.policies.database import read_state
from gateway.policies.model import QualifiedName
from gateway.policies.testing.reach import Reach
from gateway.policies.testing.sql import statement

SCHEMA = """
create table public.target (id integer, owner uuid);
create table public.apart (id integer);
create table public.asking (id integer);
alter table public.asking enable row level security;
create policy p on public.asking using (exists (select from public.target as t where t.id = asking.id));
create table public.asking_twice (id integer);
create policy p on public.asking_twice using (id in (select a.id from public.asking as a));

create function public.invoker() returns bigint language sql stable as 'select count(*) from target';
create function public.definer() returns bigint language sql stable security definer as 'select count(*) from target';
create function public.parsed() returns bigint language sql stable begin atomic select count(*) from public.target; end;
create function public.dynamic(name text) returns void language plpgsql as $$ begin execute name; end $$;
create function public.harmless() returns integer language plpgsql as $$ begin return 1; end $$;
create function public.through() returns bigint language sql stable as 'select public.parsed()';
create role {role};
grant create on schema public to {role};
create function public.of_another() returns bigint language sql security definer as 'select count(*) from target';
alter function public.of_another() owner to {role};

create table public.by_invoker (id integer);
create policy p on public.by_invoker using (public.invoker() > 0);
create table public.by_definer (id integer);
create policy p on public.by_definer using (public.definer() > 0);

create view public.as_reader with (security_invoker = true) as select * from public.target;

create function public.count_targets() returns trigger language plpgsql as $$
begin
  perform from public.target;
  return new;
end
$$;
create table public.triggering (id integer);
create trigger count_targets before insert on public.triggering for each row execute function public.count_targets();
"""


@pytest.fixture
async def reach(owner: asyncpg.Connection):
    role = "reach_of_another"
    await owner.execute(SCHEMA.format(role=role))
    state = await read_state(owner)
    triggers = await owner.fetch(statement("trigger_functions"))
    yield Reach(state, {row["relation"]: row["functions"] for row in triggers})
    await owner.execute(f"drop owned by {role}; drop role {role}")


CASES = {
    "target": True,
    "apart": False,
    "asking": True,
    "asking_twice": True,
    "invoker": True,
    "definer": False,
    "parsed": True,
    "through": True,
    "dynamic": True,
    "harmless": False,
    "of_another": True,
    "by_invoker": True,
    "by_definer": False,
    "as_reader": True,
    "triggering": True,
    "nothing_known": True,
}


async def test_what_depends_on_the_target(reach: Reach) -> None:
    target = QualifiedName("public", "target")
    assert {name: reach.depends(QualifiedName("public", name), target) for name in CASES} == CASES


async def test_nothing_depends_on_what_nobody_uses(reach: Reach) -> None:
    apart = QualifiedName("public", "apart")
    found = {name for name in CASES if reach.depends(QualifiedName("public", name), apart)}
    assert found == {"apart", "dynamic", "nothing_known"}
