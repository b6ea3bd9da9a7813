"""The owner plans and applies with names of ours in reach of functions that others put into `public`."""

from __future__ import annotations

import asyncpg

from gateway.policies import apply_set, make_plan, read_set
from gateway.policies.plan import Application, Loss
from tests.policies.conftest import TODOS, TODOS_FILE, WriteFiles

# Each is a better match for a call with these types than PostgreSQL's own function.
TRAPS = """
grant create, usage on schema public to authenticated;
set role authenticated;
create function public.caught(what text) returns text language plpgsql as $$
begin
  raise warning 'caught % in %', current_user, what;
  return what;
end
$$;
create function public.unnest(text[]) returns setof text language plpgsql as $$
begin perform public.caught('unnest'); return query select each from pg_catalog.unnest($1 || '{}'::text[]) each; end
$$;
create function public.quote_ident(name) returns text language plpgsql as $$
begin perform public.caught('quote_ident'); return pg_catalog.quote_ident($1::text); end
$$;
create function public.pg_advisory_xact_lock(text) returns void language plpgsql as $$
begin perform public.caught('pg_advisory_xact_lock'); end
$$;
create function public.append(text[], text) returns text[] language plpgsql as $$
begin perform public.caught('array_agg'); return $1 || $2; end
$$;
create aggregate public.array_agg(text) (sfunc = public.append, stype = text[], initcond = '{}');
reset role;
"""


async def test_functions_that_match_better(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS)
    await owner.execute(TRAPS)
    warned: list[str] = []
    owner.add_log_listener(lambda _, message: warned.append(str(message.message)))
    assert await owner.fetchval("select quote_ident('todos'::name)") == "todos"
    assert warned == ["caught postgres in quote_ident"], "the trap works"
    warned.clear()
    folder = files({"todos.yaml": TODOS_FILE, "f.yaml": "function: public.caught(text)\nexecute: []\n"})
    await make_plan(owner, read_set(folder))
    await apply_set(owner, Application(read_set(folder), "test", allow=list(Loss)))
    await owner.fetchval("select 1")
    assert warned == []
    assert await owner.fetchval("select count(*) from pg_policy") == 1
