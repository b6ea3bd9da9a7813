-- What the current role may use of schema $1: relations that it owns or has any privilege on, be it for one column, and
-- executable functions with the types of their input arguments. `path` lists through which schemas it sees types.
-- Materialized, so that privileges are looked up within the schema only.
with described as materialized (
    select n.oid
    from pg_namespace n
    where n.nspname = $1
),
within as materialized (
    select p.oid, p.proname, p.proargtypes
    from pg_proc p
    join described d on d.oid = p.pronamespace
    where p.prokind = 'f'
),
executable as (
    select
        p.oid,
        p.proname,
        json_agg(json_build_array(tn.nspname, t.typname) order by a.position) filter (where t.oid is not null) as types
    from within p
    left join lateral unnest(p.proargtypes) with ordinality a (type, position) on true
    left join pg_type t on t.oid = a.type
    left join pg_namespace tn on tn.oid = t.typnamespace
    where has_function_privilege(p.oid, 'execute')
    group by p.oid, p.proname
)
select json_build_object(
    'path', current_schemas(false),
    'relations', (
        select json_agg(c.relname order by c.relname)
        from pg_class c
        where c.relnamespace = d.oid
            and c.relkind in ('r', 'p', 'v', 'm', 'f')
            and not c.relispartition
            and (
                pg_has_role(c.relowner, 'usage')
                or has_table_privilege(c.oid, 'select, insert, update, delete, truncate, references, trigger')
                or has_any_column_privilege(c.oid, 'select, insert, update, references')
            )
    ),
    'functions', (
        select json_agg(json_build_array(e.proname, e.types) order by e.proname, e.oid)
        from executable e
    )
) as visible
from described d
