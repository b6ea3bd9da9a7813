-- Which relations and functions the policy files in force keep answers of, and on what terms (seconds); and what they
-- vouch that functions depend on. As for row limits, what was dropped since has none, and what is not of the form that
-- applying files writes says nothing.
with entries as (
    select kinds.name as kind, entry.key, entry.value -> 'cache' as cache, entry.value -> 'reads' as reads
    from passerelle.policy_rules_v1 as applied
    cross join (values ('tables'), ('functions')) as kinds (name)
    cross join jsonb_each(
        case jsonb_typeof(applied.rules -> kinds.name) when 'object' then applied.rules -> kinds.name else '{}' end
    ) as entry
),
numbers as (
    select
        kind,
        key,
        case jsonb_typeof(cache -> 'ttl') when 'number' then round((cache ->> 'ttl')::numeric, 3) end as ttl,
        case jsonb_typeof(cache -> 'stale_if_error') when 'number' then round((cache ->> 'stale_if_error')::numeric, 3) end
            as stale,
        case jsonb_typeof(cache -> 'clock') when 'number' then round((cache ->> 'clock')::numeric, 3) end as clock,
        case jsonb_typeof(reads) when 'object' then reads::text end as reads
    from entries
),
terms as (
    select
        kind,
        key,
        case when ttl > 0 then least(ttl, 1000000000)::float8 end as ttl,
        case when stale > 0 then least(stale, 1000000000)::float8 end as stale_if_error,
        case when clock > 0 then least(clock, 1000000000)::float8 end as clock,
        reads
    from numbers
)
select false as is_function, c.oid, terms.ttl, terms.stale_if_error, terms.clock, null as reads
from terms
cross join pg_class c
join pg_namespace n on n.oid = c.relnamespace
where terms.kind = 'tables' and terms.ttl is not null and concat(n.nspname, '.', c.relname) = terms.key
union all
select true, p.oid, terms.ttl, terms.stale_if_error, terms.clock, terms.reads
from terms
cross join pg_proc p
where terms.kind = 'functions'
    and (terms.ttl is not null or terms.reads is not null)
    and p.pronamespace <> 'pg_catalog'::regnamespace
    and p.oid::regprocedure::text = terms.key
