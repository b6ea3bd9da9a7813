-- Sequences owned by a column that takes its default from them, and who but the owner holds USAGE.
select
    f.adrelid as relation,
    t.attname::text as column,
    n.nspname::text as schema,
    s.relname::text as name,
    array(
        select distinct coalesce(g.rolname::text, 'public')
        from aclexplode(coalesce(s.relacl, acldefault('s', s.relowner))) a
        left join pg_roles g on g.oid = a.grantee
        where a.privilege_type = 'USAGE' and a.grantee <> s.relowner and (a.grantee = 0 or g.oid is not null)
    ) as users
from pg_attrdef f
join pg_depend reads
    on reads.classid = 'pg_attrdef'::regclass and reads.objid = f.oid and reads.refclassid = 'pg_class'::regclass
join pg_depend owned
    on owned.classid = 'pg_class'::regclass and owned.objid = reads.refobjid
    and owned.refclassid = 'pg_class'::regclass and owned.refobjid = f.adrelid and owned.refobjsubid = f.adnum
join pg_class s on s.oid = reads.refobjid and s.relkind = 'S' and s.relpersistence <> 't'
join pg_namespace n on n.oid = s.relnamespace
join pg_attribute t on t.attrelid = f.adrelid and t.attnum = f.adnum
order by f.adrelid, f.adnum, n.nspname, s.relname
