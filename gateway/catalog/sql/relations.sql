-- Every user relation of the database, whatever its schema: views may lead anywhere. Column arrays run in parallel.
-- Types are given as far as they are user-defined.
-- $1: exposed schemas; comments and updatability are read only for these.
select
    c.oid,
    n.nspname as schema,
    c.relname as name,
    c.relkind::text as kind,
    c.relispartition as is_partition,
    case when n.nspname = any ($1) then obj_description(c.oid, 'pg_class') end as description,
    case when n.nspname = any ($1) and (c.relkind = 'v' or w.fdwhandler <> 0) then pg_relation_is_updatable(c.oid, true) end
        as event_bits,
    coalesce(a.numbers, '{}') as column_numbers,
    coalesce(a.names, '{}') as column_names,
    array[t.oid, t.typarray] as row_types,
    (select y.typname from pg_type y where y.oid = t.typarray) as row_array,
    coalesce(a.user_types, '{}') as user_types,
    c.relowner as owner,
    c.relrowsecurity as row_security,
    c.relforcerowsecurity as forced,
    coalesce(
        (select o.option_value::boolean from pg_options_to_table(c.reloptions) o where o.option_name = 'security_invoker'),
        false
    ) as invoker
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = c.reltype
-- A foreign table whose wrapper has no handler cannot be asked.
left join pg_foreign_table f on f.ftrelid = c.oid
left join pg_foreign_server s on s.oid = f.ftserver
left join pg_foreign_data_wrapper w on w.oid = s.srvfdw
left join (
    select
        t.attrelid,
        array_agg(t.attnum order by t.attnum) as numbers,
        array_agg(t.attname order by t.attnum) as names,
        array_agg(distinct t.atttypid) filter (where t.atttypid >= 16384) as user_types
    from pg_attribute t
    join pg_class k on k.oid = t.attrelid
    where t.attnum > 0 and not t.attisdropped and t.attrelid >= 16384 and k.relkind in ('r', 'p', 'v', 'm', 'f')
    group by t.attrelid
) a on a.attrelid = c.oid
where c.oid >= 16384
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.relpersistence <> 't'
order by n.nspname, c.relname
