-- Tables on which triggers can put changes on record for the cache, and those triggers there that are named in $1. They
-- are sound if they are as an apply makes them. `whole` tables lead statements to other tables.
with tables as (
    select
        c.oid,
        n.nspname,
        c.relname,
        c.relowner,
        c.relkind = 'p' or exists (select from pg_inherits i where i.inhparent = c.oid) as whole
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
        and c.relpersistence <> 't'
        and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'passerelle')
),
triggers as (
    select
        t.tgrelid,
        t.tgname,
        t.tgenabled = 'A' and t.tgqual is null and cardinality(t.tgattr::int2[]) = 0
        and n.nspname = 'passerelle'
        and case
            when tables.whole or t.tgtype = 32 then
                p.proname = 'touch_v1' and t.tgoldtable is null and t.tgnewtable is null
            when t.tgtype = 8 then p.proname = 'touch_rows_v1' and t.tgoldtable = 'changed' and t.tgnewtable is null
            else p.proname = 'touch_rows_v1' and t.tgoldtable is null and t.tgnewtable = 'changed'
        end
        and t.tgname = case t.tgtype
            when 4 then 'passerelle_touch_insert_v1'
            when 16 then 'passerelle_touch_update_v1'
            when 8 then 'passerelle_touch_delete_v1'
            when 32 then 'passerelle_touch_truncate_v1'
        end as sound
    from pg_trigger t
    join tables on tables.oid = t.tgrelid
    join pg_proc p on p.oid = t.tgfoid
    join pg_namespace n on n.oid = p.pronamespace
    where not t.tgisinternal and t.tgname = any ($1::text[])
)
select
    tables.oid,
    tables.nspname::text as schema,
    tables.relname::text as name,
    pg_get_userbyid(tables.relowner)::text as owner,
    pg_has_role(tables.relowner, 'usage') as mine,
    tables.whole,
    array(select tgname::text from triggers where tgrelid = tables.oid order by 1) as present,
    array(select tgname::text from triggers where tgrelid = tables.oid and sound order by 1) as sound
from tables
order by tables.nspname, tables.relname
