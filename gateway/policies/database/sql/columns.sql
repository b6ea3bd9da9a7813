-- Columns in their order. What a column gets without a value may come from an identity or from its domain, too.
select
    t.attrelid as relation,
    t.attname::text as name,
    format_type(t.atttypid, t.atttypmod) as type,
    not (t.attnotnull or y.typnotnull) as nullable,
    (t.atthasdef and t.attgenerated = '') or t.attidentity <> '' or y.typdefault is not null as has_default,
    t.attgenerated <> '' as generated
from pg_attribute t
join pg_class c on c.oid = t.attrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_type y on y.oid = t.atttypid
where t.attnum > 0
    and not t.attisdropped
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by t.attrelid, t.attnum
