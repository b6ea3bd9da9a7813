-- Domains named like a media type.
select n.nspname as schema, d.typname as name, d.typbasetype = 'pg_catalog.bytea'::regtype as binary
from pg_type d
join pg_namespace n on n.oid = d.typnamespace
where d.typtype = 'd' and (d.typname ~ '^[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+$' or d.typname = '*/*')
