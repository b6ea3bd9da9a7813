-- PostgreSQL's own relations.
select c.oid, n.nspname as schema, c.relname as name
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.oid < 16384 and c.relkind in ('r', 'v', 'm', 'f', 'p', 'S') and n.nspname <> 'pg_toast'
