-- Databases that a run made and no longer works on: their names end in a number that a session of the run, wherever it
-- is connected, holds the advisory lock ($1, number) on for as long as it lives.
with copies as (
  select d.datname, case
    when d.datname ~ '^passerelle_test_[0-9]{1,10}_[0-9]+$' then split_part(d.datname, '_', 3)::bigint
  end as number
  from pg_catalog.pg_database as d
  where pg_catalog.pg_has_role(d.datdba, 'usage')
)
select c.datname::text as name
from copies as c
where c.number is not null and not exists (
  select from pg_catalog.pg_locks as held
  where held.locktype = 'advisory' and held.objsubid = 2 and held.granted
    and held.classid::bigint = $1 and held.objid::bigint = c.number
)
