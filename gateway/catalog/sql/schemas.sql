-- Comments of the exposed schemas ($1).
select n.nspname as name, obj_description(n.oid, 'pg_namespace') as description
from pg_namespace n
where n.nspname = any ($1)
