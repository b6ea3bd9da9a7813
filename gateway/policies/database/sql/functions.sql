-- Functions, procedures and aggregates. The dependencies are those of a standard SQL body.
select
    p.oid,
    n.nspname::text as schema,
    p.proname::text as name,
    p.oid::regprocedure::text as signature,
    p.prokind::text as kind,
    l.lanname::text as language,
    p.provolatile::text as volatility,
    p.prosecdef as security_definer,
    (select substr(s.setting, 13) from unnest(p.proconfig) s (setting) where s.setting like 'search\_path=%') as search_path,
    p.proretset as returns_set,
    format_type(p.prorettype, null) as returns,
    p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype) as is_trigger,
    pg_get_userbyid(p.proowner)::text as owner,
    array(
        select distinct coalesce(g.rolname::text, 'public')
        from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        left join pg_roles g on g.oid = a.grantee
        where a.grantee <> p.proowner and (a.grantee = 0 or g.oid is not null)
    ) as executors,
    e.extname::text as extension,
    coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as source,
    case when p.prosqlbody is null then '{}' else array(
        select distinct b.refobjid
        from pg_depend b
        where b.classid = 'pg_proc'::regclass and b.objid = p.oid and b.refclassid = 'pg_class'::regclass
    ) end as relation_oids,
    case when p.prosqlbody is null then '{}' else array(
        select distinct b.refobjid
        from pg_depend b
        where b.classid = 'pg_proc'::regclass and b.objid = p.oid and b.refclassid = 'pg_proc'::regclass
    ) end as function_oids
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_language l on l.oid = p.prolang
left join pg_depend d
    on d.classid = 'pg_proc'::regclass and d.objid = p.oid
    and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
left join pg_extension e on e.oid = d.refobjid
where n.nspname not in ('pg_catalog', 'information_schema')
order by p.oid
