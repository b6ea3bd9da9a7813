-- How often one caller may ask, by the policy files in force; read with the care of row_limits.sql.
with entries as (
    select kinds.name as kind, entry.key, entry.value -> 'limits' -> 'requests' as requests
    from passerelle.policy_rules_v1 as applied
    cross join (values ('tables'), ('functions')) as kinds (name)
    cross join jsonb_each(
        case jsonb_typeof(applied.rules -> kinds.name) when 'object' then applied.rules -> kinds.name else '{}' end
    ) as entry
),
numbers as (
    select kind, key,
        case jsonb_typeof(requests -> 'count') when 'number' then (requests -> 'count')::numeric end as count,
        case jsonb_typeof(requests -> 'per') when 'number' then (requests -> 'per')::numeric end as per
    from entries
),
rates as (
    select kind, key, least(trunc(count), 1000000000)::int as count, per::int as per
    from numbers
    where count >= 1 and per = trunc(per) and per between 1 and 86400
)
select false as is_function, c.oid, rates.count, rates.per
from rates
cross join pg_class c
join pg_namespace n on n.oid = c.relnamespace
where rates.kind = 'tables' and concat(n.nspname, '.', c.relname) = rates.key
union all
select true, p.oid, rates.count, rates.per
from rates
cross join pg_proc p
where rates.kind = 'functions'
    and p.pronamespace <> 'pg_catalog'::regnamespace
    and p.oid::regprocedure::text = rates.key
