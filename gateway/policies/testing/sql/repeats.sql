-- Whether the check of the policy $3 for updates of the table $1.$2 asks again what `using`, the same condition, has
-- just found true: it depends on no column that anybody concerned may set or that a trigger may change, on no
-- volatile function, and no other policy lets rows through that it was not asked about.
select
  not (p.polpermissive and exists (
    select from pg_catalog.pg_policy as other
    where other.polrelid = p.polrelid and other.oid <> p.oid and other.polpermissive and other.polcmd in ('w', '*')
  ))
  and not exists (
    select from pg_catalog.pg_depend as d
    join pg_catalog.pg_proc as f on d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and f.oid = d.refobjid
    where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = p.oid and f.provolatile = 'v'
  )
  and not exists (
    select from pg_catalog.pg_depend as d
    join pg_catalog.pg_class as c on c.oid = p.polrelid
    cross join pg_catalog.pg_roles as r
    where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = p.oid
      and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = p.polrelid and d.refobjsubid > 0
      and (
        exists (
          select from pg_catalog.pg_attribute as a
          where a.attrelid = p.polrelid and a.attnum = d.refobjsubid and a.attgenerated <> ''
        )
        or exists (
          select from pg_catalog.pg_trigger as t
          where t.tgrelid = p.polrelid and t.tgenabled <> 'D' and t.tgtype & 1 = 1 and t.tgtype & 2 = 2
            and t.tgtype & 16 = 16
        )
        or (
          not r.rolsuper and not r.rolbypassrls and (c.relforcerowsecurity or r.oid <> c.relowner)
          and (0 = any (p.polroles) or exists (
            select from unnest(p.polroles) as named where pg_catalog.pg_has_role(r.oid, named, 'usage')
          ))
          and pg_catalog.has_column_privilege(r.oid, p.polrelid, d.refobjsubid::int2, 'update')
        )
      )
  ) as repeats
from pg_catalog.pg_policy as p
join pg_catalog.pg_class as c on c.oid = p.polrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and p.polname = $3
