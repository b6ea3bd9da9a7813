-- Callable functions of the exposed schemas ($1). Argument arrays run in parallel over all arguments, OUT and TABLE ones
-- too; `types` prints them without a length.
with recursive domains (oid, base) as (
    select d.oid, d.typbasetype
    from pg_type d
    where d.typtype = 'd'
    union all
    select outer_of.oid, d.typbasetype
    from domains outer_of
    join pg_type d on d.oid = outer_of.base and d.typtype = 'd'
),
innermost as (
    select d.oid, d.base
    from domains d
    join pg_type b on b.oid = d.base
    where b.typtype <> 'd'
)
select
    p.oid,
    n.nspname as schema,
    p.proname as name,
    p.proargnames as argument_names,
    p.proargmodes::text[] as argument_modes,
    args.types as argument_types,
    args.schemas as argument_type_schemas,
    args.names as argument_type_names,
    p.pronargs as inputs,
    p.pronargdefaults as defaults,
    p.provariadic <> 0 as variadic,
    p.proretset as setof,
    p.provolatile::text as volatility,
    p.proconfig as settings,
    p.prorows::float8 as rows,
    obj_description(p.oid, 'pg_proc') as description,
    rn.nspname as return_schema,
    r.typname as return_name,
    b.typtype::text as return_kind,
    bn.nspname as row_schema,
    k.relname as row_name,
    k.relkind::text as row_kind,
    coalesce(fields.names, '{}') as field_names,
    coalesce(fields.types, '{}') as field_types
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_type r on r.oid = p.prorettype
join pg_namespace rn on rn.oid = r.typnamespace
left join innermost i on i.oid = r.oid
join pg_type b on b.oid = coalesce(i.base, r.oid)
left join pg_class k on k.oid = b.typrelid and b.typtype = 'c'
left join pg_namespace bn on bn.oid = k.relnamespace
cross join lateral (
    select
        coalesce(array_agg(format_type(t.oid, null) order by a.position), '{}') as types,
        coalesce(array_agg(tn.nspname order by a.position), '{}') as schemas,
        coalesce(array_agg(t.typname order by a.position), '{}') as names
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality a (type, position)
    join pg_type t on t.oid = a.type
    join pg_namespace tn on tn.oid = t.typnamespace
) args
left join lateral (
    select
        array_agg(f.attname order by f.attnum) as names,
        array_agg(format_type(f.atttypid, f.atttypmod) order by f.attnum) as types
    from pg_attribute f
    where f.attrelid = k.oid and f.attnum > 0 and not f.attisdropped
) fields on true
where n.nspname = any ($1)
    and p.prokind = 'f'
    and p.prorettype not in ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype)
order by n.nspname, p.proname, p.pronargs, p.oid
