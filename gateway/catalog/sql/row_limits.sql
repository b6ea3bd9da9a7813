-- Limits of the policy files in force. What was dropped since has none; and what is not of the form that applying files
-- writes says nothing, for the catalog must load all the same. Signatures are compared as text: looking one up takes
-- USAGE on its schemas.
with entries as (
    select kinds.name as kind, entry.key, entry.value -> 'limits' -> 'max_rows' as max_rows
    from passerelle.policy_rules_v1 as applied
    cross join (values ('tables'), ('functions')) as kinds (name)
    cross join jsonb_each(
        case jsonb_typeof(applied.rules -> kinds.name) when 'object' then applied.rules -> kinds.name else '{}' end
    ) as entry
),
numbers as (
    select kind, key, case jsonb_typeof(max_rows) when 'number' then max_rows::numeric end as max_rows
    from entries
),
limits as (
    select kind, key, least(max_rows, 2147483647)::int as max_rows
    from numbers
    where max_rows >= 1
)
select false as is_function, c.oid, limits.max_rows
from limits
cross join pg_class c
join pg_namespace n on n.oid = c.relnamespace
where limits.kind = 'tables' and concat(n.nspname, '.', c.relname) = limits.key
union all
select true, p.oid, limits.max_rows
from limits
cross join pg_proc p
where limits.kind = 'functions'
    and p.pronamespace <> 'pg_catalog'::regnamespace
    and p.oid::regprocedure::text = limits.key
