-- May the role $1 call the function $2? It also has to enter the function's schema.
select has_function_privilege(r.oid, p.oid, 'execute') and has_schema_privilege(r.oid, p.pronamespace, 'usage')
from pg_roles r, pg_proc p
where r.rolname = $1 and p.oid = $2
