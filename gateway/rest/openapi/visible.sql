-- What the current role may use of schema $1: relations that it owns or has any privilege on, be it for one column, and
-- executable functions with the types of their input arguments. `path` lists through which schemas it sees types.
select json_build_object(
    'path', current_schemas(false),
    'relations', (
        select json_agg(c.relname order by c.relname)
        from pg_class c
        where c.relnamespace = n.oid
            and c.relkind in ('r', 'p', 'v', 'm', 'f')
            and not c.relispartition
            and (
                pg_has_role(c.relowner, 'usage')
                or has_table_privilege(c.oid, 'select, insert, update, delete, truncate, references, trigger')
                or has_any_column_privilege(c.oid, 'select, insert, update, references')
            )
    ),
    'functions', (
        select json_agg(json_build_array(p.proname, inputs.types) order by p.proname, p.oid)
        from pg_proc p
        cross join lateral (
            select json_agg(json_build_array(tn.nspname, t.typname) order by a.position) as types
            from unnest(p.proargtypes) with ordinality a (type, position)
            join pg_type t on t.oid = a.type
            join pg_namespace tn on tn.oid = t.typnamespace
        ) inputs
        where p.pronamespace = n.oid
            and p.prokind = 'f'
            and has_function_privilege(p.oid, 'execute')
    )
) as visible
from pg_namespace n
where n.nspname = $1
