-- Who but the owner holds USAGE on which schema.
select
    n.nspname::text as name,
    array(
        select distinct coalesce(g.rolname::text, 'public')
        from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
        left join pg_roles g on g.oid = a.grantee
        where a.privilege_type = 'USAGE' and a.grantee <> n.nspowner and (a.grantee = 0 or g.oid is not null)
    ) as users
from pg_namespace n
where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    and n.nspname !~ '^pg_(toast_)?temp_'
order by n.nspname
