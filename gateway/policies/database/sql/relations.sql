-- Tables, partitions, views, materialized views and foreign tables.
select
    c.oid,
    n.nspname::text as schema,
    c.relname::text as name,
    c.relkind::text as kind,
    pg_get_userbyid(c.relowner)::text as owner,
    c.relrowsecurity as row_security,
    c.relforcerowsecurity as forced,
    c.relispartition as is_partition,
    c.reltuples::float8 as rows,
    coalesce(
        (select o.option_value::boolean from pg_options_to_table(c.reloptions) o where o.option_name = 'security_invoker'),
        false
    ) as security_invoker,
    e.extname::text as extension,
    parent.relname::text as parent_name,
    parent_schema.nspname::text as parent_schema
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_depend d
    on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
    and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
left join pg_extension e on e.oid = d.refobjid
left join pg_inherits i on i.inhrelid = c.oid and i.inhseqno = 1
left join pg_class parent on parent.oid = i.inhparent
left join pg_namespace parent_schema on parent_schema.oid = parent.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by n.nspname, c.relname
