-- Who but the owner may do what with a relation: `columns` is null for the whole table, which hides those on columns.
with ruled as (
    select c.oid, c.relowner, c.relacl
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
        and c.relpersistence <> 't'
        and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
),
held as (
    select r.oid, r.relowner, a.grantee, a.privilege_type, null::text as attname
    from ruled r
    cross join lateral aclexplode(coalesce(r.relacl, acldefault('r', r.relowner))) a
    union all
    select r.oid, r.relowner, a.grantee, a.privilege_type, t.attname::text
    from ruled r
    join pg_attribute t on t.attrelid = r.oid and t.attacl is not null and not t.attisdropped
    cross join lateral aclexplode(t.attacl) a
)
select
    h.oid as relation,
    coalesce(g.rolname::text, 'public') as role,
    lower(h.privilege_type) as privilege,
    case when not bool_or(h.attname is null) then array_agg(h.attname) end as columns
from held h
left join pg_roles g on g.oid = h.grantee
where h.grantee <> h.relowner and (h.grantee = 0 or g.oid is not null)
group by h.oid, h.grantee, g.rolname, h.privilege_type
