-- Tables all of whose changes are on record (`schema/gateway/008_cache.sql`), whoever makes them: a trigger for each of
-- the four events, for whole statements and without a condition, that fires in sessions of every kind. Subscriptions
-- apply changes without statements. Where rows are routed to other tables, what a statement changed cannot be told.
with recorders as (
    select p.oid, p.proname = 'touch_v1' as always
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'passerelle' and p.proname in ('touch_v1', 'touch_rows_v1')
)
select c.oid
from pg_class c
join pg_trigger t on t.tgrelid = c.oid
join recorders r on r.oid = t.tgfoid
where c.relkind in ('r', 'p')
    and t.tgenabled = 'A'
    and t.tgtype & 67 = 0  -- neither for each row, nor before, nor instead
    and t.tgqual is null
    and cardinality(t.tgattr::int2[]) = 0
    and (
        r.always
        or c.relkind = 'r' and case t.tgtype & 60 when 8 then t.tgoldtable else t.tgnewtable end = 'changed'
    )
    and not exists (select from pg_subscription_rel s where s.srrelid = c.oid)
group by c.oid
having bit_or(t.tgtype & 60) = 60
