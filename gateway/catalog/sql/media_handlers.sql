-- Aggregates of the exposed schemas ($1) over rows that return a media type domain; relation is 0 for anyelement.
select
    p.oid,
    n.nspname as schema,
    p.proname as name,
    d.typname as media_type,
    d.typbasetype = 'pg_catalog.bytea'::regtype as binary,
    a.typrelid as relation
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_type d on d.oid = p.prorettype and d.typtype = 'd'
join pg_type a on a.oid = p.proargtypes[0]
left join pg_class k on k.oid = a.typrelid
where p.prokind = 'a'
    and p.pronargs = 1
    and n.nspname = any ($1)
    and (d.typname ~ '^[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+$' or d.typname = '*/*')
    and (a.oid = 'pg_catalog.anyelement'::regtype or k.relkind in ('r', 'p', 'v', 'm', 'f'))
order by p.oid
