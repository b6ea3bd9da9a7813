"""Databases and gateways that keep answers."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from benchmarks.servers import Server
from gateway.policies import Application, apply_set, read_set
from gateway.policies.plan import Loss

_PATIENCE = 20.0
_TRIGGERS = """
do $$
declare
  made record;
  event text;
begin
  for made in
    select c.oid::regclass as name, c.relkind = 'p' as partitioned
    from pg_class as c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not exists (
      select from pg_trigger as t join pg_proc as p on p.oid = t.tgfoid
      where t.tgrelid = c.oid and p.pronamespace = 'passerelle'::regnamespace and p.proname like 'touch\\_%'
    )
  loop
    foreach event in array '{insert,update,delete,truncate}'::text[] loop
      execute format(
        'create trigger touch_%1$s after %1$s on %2$s %3$s for each statement execute function passerelle.%4$s()',
        event, made.name,
        case when not (made.partitioned or event = 'truncate') then
          case event when 'delete' then 'referencing old table as changed' else 'referencing new table as changed' end
        end,
        case when made.partitioned or event = 'truncate' then 'touch_v1' else 'touch_rows_v1' end
      );
      execute format('alter table %s enable always trigger touch_%s', made.name, event);
    end loop;
  end loop;
end
$$
"""


async def apply_files(dsn: str, folder: Path) -> None:
    """Make a database enforce policy files, and record changes of its tables. `dsn` is its owner's."""
    connection = await asyncpg.connect(dsn)
    try:
        await apply_set(connection, Application(read_set(folder), "benchmarks", allow=list(Loss)))
        await connection.execute(_TRIGGERS)
        await connection.execute("analyze")
    finally:
        await connection.close()


def wait_for_hits(server: Server, path: str, headers: Mapping[str, str]) -> None:
    """Return when the gateway answers a read from its cache: that takes a lease, and a look at the database."""
    deadline, status = time.monotonic() + _PATIENCE, None
    while time.monotonic() < deadline:
        status = fetch(server, path, headers)[1]
        if status is not None and "hit" in status:
            return
        time.sleep(0.1)
    raise SystemExit(f"{server.name} does not answer {path} from its cache; it says {status}")


def fetch(server: Server, path: str, headers: Mapping[str, str]) -> tuple[bytes, str | None]:
    """Body and Cache-Status of an answer. Ends the program if it is no success."""
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            return answer.read(), answer.headers.get("Cache-Status")
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{server.name}, {path}: {error.code} {error.read()[:400]!r}") from None
