-- What functions run, for the trust analysis: all user functions, and those built-in ones that are not plainly
-- harmless: volatile, written in SQL, or named in $1. Every other built-in is immutable or stable C.
select
    p.oid,
    n.nspname as schema,
    p.proname as name,
    p.prokind::text as kind,
    l.lanname as language,
    p.provolatile::text as volatility,
    case when l.lanname in ('sql', 'internal') then p.prosrc else '' end as body,
    p.prosqlbody::text as tree,
    case
        when p.oid >= 16384 and l.lanname not in ('internal', 'c') and e.extname is null
        then coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)
        else ''
    end as source,
    p.proargdefaults::text as defaults,
    p.proconfig as settings,
    array(
        select t
        from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype) t
        where t >= 16384
    ) as types,
    p.proargtypes::oid[] && array['pg_catalog.internal'::regtype]::oid[] as internal,
    p.pronargs as inputs,
    case when p.prosupport >= 16384 then p.prosupport::oid else 0 end as support,
    e.extname as extension,
    array(
        select f
        from pg_aggregate a
        cross join unnest(array[
            a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
            a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn
        ]::oid[]) f
        where a.aggfnoid = p.oid and f <> 0
    ) as parts,
    array(
        select t from pg_aggregate a cross join unnest(array[a.aggtranstype, a.aggmtranstype]) t
        where a.aggfnoid = p.oid and t >= 16384
    ) as state_types,
    coalesce((select a.aggsortop from pg_aggregate a where a.aggfnoid = p.oid), 0) as sort_operator,
    p.proowner as owner,
    p.prosecdef as definer
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_language l on l.oid = p.prolang
left join pg_depend d
    on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
left join pg_extension e on e.oid = d.refobjid
where p.oid >= 16384
    or p.provolatile = 'v'
    or l.lanname not in ('internal', 'c')
    or p.proname = any ($1)
