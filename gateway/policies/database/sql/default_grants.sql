-- ALTER DEFAULT PRIVILEGES for tables, functions and sequences.
select
    o.rolname::text as owner,
    n.nspname::text as schema,
    case d.defaclobjtype when 'r' then 'tables' when 'f' then 'functions' else 'sequences' end as kind,
    coalesce(g.rolname::text, 'public') as grantee,
    array_agg(lower(a.privilege_type)) as privileges
from pg_default_acl d
join pg_roles o on o.oid = d.defaclrole
left join pg_namespace n on n.oid = d.defaclnamespace
cross join lateral aclexplode(d.defaclacl) a
left join pg_roles g on g.oid = a.grantee
where d.defaclobjtype in ('r', 'f', 'S')
    and a.grantee <> d.defaclrole
    and (a.grantee = 0 or g.oid is not null)
group by o.rolname, n.nspname, d.defaclobjtype, a.grantee, g.rolname
order by 1, 2 nulls first, 3, 4
