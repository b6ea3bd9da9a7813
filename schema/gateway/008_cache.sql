-- Which tables a transaction has changed, so that nobody is shown a cached answer from before it.
--
-- Statement triggers record the tables in the transaction itself. The gateway takes the record of its own transactions
-- away just before COMMIT, and tells the other instances. So a record that ever becomes visible was left by somebody
-- else (psql, another program): every instance asks for those, invalidates, and only then forgets them.
--
-- Lost in a crash, as UNLOGGED tables are: an instance whose connection was lost invalidates everything anyway. One row
-- for each transaction, so that it is found by its key alone. No scan, however much VACUUM is behind, and no lock on
-- the table to cut off its end.
create unlogged table passerelle.touches (
  xid xid8 primary key,
  relations oid[] not null
) with (fillfactor = 50, vacuum_truncate = off, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table passerelle.touches is 'What transactions have changed and nobody has invalidated yet';
alter table passerelle.touches enable row level security;
revoke all on passerelle.touches from public, anon, authenticated, service_role;

-- TG_RELID is the table that the statement (or a cascade) names: a partitioned table, not the partitions it leads to.
-- An answer therefore depends on the parents and the children of the tables it was read from, too. The transaction id
-- is the outermost one's, also within a savepoint; undoing the savepoint undoes the record.
create function passerelle.touch_v1() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into passerelle.touches as own (xid, relations) values (pg_current_xact_id(), array[tg_relid])
  on conflict (xid) do update set relations = own.relations || excluded.relations
    where tg_relid <> all (own.relations);
  return null;
end
$$;
comment on function passerelle.touch_v1() is 'Records that a statement named the table';

-- Not for partitioned tables: there a foreign partition makes statements fail that collect rows, and a MERGE that moves
-- rows to other partitions collects none of them as updated.
create function passerelle.touch_rows_v1() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if exists (select from changed) then
    insert into passerelle.touches as own (xid, relations) values (pg_current_xact_id(), array[tg_relid])
    on conflict (xid) do update set relations = own.relations || excluded.relations
      where tg_relid <> all (own.relations);
  end if;
  return null;
end
$$;
comment on function passerelle.touch_rows_v1() is
  'Records that a statement changed rows of the table, which its transition table "changed" holds';

create function passerelle.take_touches_v1() returns oid[]
language plpgsql security definer set search_path = '' set enable_seqscan = off as $$
declare
  mine xid8 := pg_current_xact_id_if_assigned();
  place tid;
  taken oid[];
begin
  if mine is null then
    return '{}';
  end if;
  if current_setting('transaction_read_only')::boolean then
    -- It was made so after it had written. The record stays, and is dealt with once more when others see it.
    select relations into taken from passerelle.touches where xid = mine;
  elsif current_setting('transaction_isolation') = 'serializable' then
    -- Looking for the key would read a page that every other writer writes to, and so each two of them would be in
    -- conflict. Neither finding a duplicate nor going to a place counts as reading.
    insert into passerelle.touches as own (xid, relations) values (mine, '{}')
    on conflict (xid) do update set relations = own.relations
    returning own.ctid, own.relations into place, taken;
    delete from passerelle.touches where ctid = place;
  else
    delete from passerelle.touches where xid = mine returning relations into taken;
  end if;
  return coalesce(taken, '{}');
end
$$;
comment on function passerelle.take_touches_v1() is 'Tables that this transaction has changed; takes its record away';

-- Instances that write while they cannot tell the others: as long as one is here, nobody serves what is cached. Logged,
-- unlike the above: after a crash of PostgreSQL the others may reach Redis, start afresh and serve, while the one that
-- cannot relies on its break still being there.
create table passerelle.cache_breaks (
  instance text primary key check (char_length(instance) between 1 and 200),
  since timestamptz not null default clock_timestamp(),
  renewed timestamptz not null default clock_timestamp()
);
comment on table passerelle.cache_breaks is 'While an instance is here, nobody serves what is cached';
comment on column passerelle.cache_breaks.renewed is 'When the instance last said so; who is silent for long is gone';
alter table passerelle.cache_breaks enable row level security;
revoke all on passerelle.cache_breaks from public, anon, authenticated, service_role;

create function passerelle.cache_break_v1(given_instance text) returns timestamptz
language sql security definer set search_path = '' as $$
  insert into passerelle.cache_breaks as kept (instance) values (given_instance)
  on conflict (instance) do update set renewed = clock_timestamp()
  returning since
$$;
comment on function passerelle.cache_break_v1(text) is
  'Makes or renews the instance''s break, and says since when it holds: a later time than before, if it was removed';

create function passerelle.cache_unbreak_v1(given_instance text, silent interval default '0') returns boolean
language sql security definer set search_path = '' as $$
  with removed as (
    delete from passerelle.cache_breaks
    where instance = given_instance and renewed <= clock_timestamp() - silent
    returning true
  )
  select exists (select from removed)
$$;
comment on function passerelle.cache_unbreak_v1(text, interval) is
  'Removes a break that has not been renewed for so long, and says whether there was one';

create function passerelle.cache_news_v1()
returns table (breaks text[], ages double precision[], xids xid8[], relations oid[])
language sql stable security definer set search_path = '' as $$
  with noted as materialized (
    select touches.xid, touches.relations from passerelle.touches order by touches.xid limit 10000
  ),
  broken as materialized (
    select instance, greatest(extract(epoch from clock_timestamp() - renewed), 0)::double precision as age
    from passerelle.cache_breaks
  )
  select
    coalesce((select array_agg(instance order by instance) from broken), '{}'),
    coalesce((select array_agg(age order by instance) from broken), '{}'),
    coalesce((select array_agg(noted.xid) from noted), '{}'),
    coalesce((select array_agg(distinct relation) from noted cross join unnest(noted.relations) as relation), '{}')
$$;
comment on function passerelle.cache_news_v1() is
  'Instances with a break, seconds since it was renewed; up to 10,000 transactions on record, tables that they changed';

-- All that a transaction recorded became visible at once, in one row: forgetting by transaction forgets nothing unseen.
-- Several instances forget the same ones at the same time; none waits for another.
create function passerelle.cache_forget_touches_v1(given_xids xid8[]) returns void
language sql security definer set search_path = '' as $$
  delete from passerelle.touches where xid in (
    select seen.xid from passerelle.touches as seen where seen.xid = any (given_xids) for update skip locked
  )
$$;
comment on function passerelle.cache_forget_touches_v1(xid8[]) is
  'Forgets transactions from cache_news_v1 after what is cached of their tables has been invalidated';

revoke all on function
  passerelle.touch_v1(),
  passerelle.touch_rows_v1(),
  passerelle.take_touches_v1(),
  passerelle.cache_break_v1(text),
  passerelle.cache_unbreak_v1(text, interval),
  passerelle.cache_news_v1(),
  passerelle.cache_forget_touches_v1(xid8[])
from public, anon, authenticated, service_role;
-- The gateway calls them as itself, never as the caller: whoever could take a record away could hide a change.
grant execute on function
  passerelle.take_touches_v1(),
  passerelle.cache_break_v1(text),
  passerelle.cache_unbreak_v1(text, interval),
  passerelle.cache_news_v1(),
  passerelle.cache_forget_touches_v1(xid8[])
to authenticator;
