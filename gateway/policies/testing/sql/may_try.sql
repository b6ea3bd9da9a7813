-- Whether anybody whom a policy for the roles $3 concerns may try one of the verbs $4 on the table $1.$2 at all.
select exists (
  select
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  cross join pg_catalog.pg_roles as r
  cross join unnest($4::text[]) as tried (verb)
  where n.nspname = $1 and c.relname = $2
    and not r.rolsuper and not r.rolbypassrls and (c.relforcerowsecurity or r.oid <> c.relowner)
    and ('public' = any ($3::text[]) or exists (
      select from pg_catalog.pg_roles as named
      where named.rolname = any ($3::text[]) and pg_catalog.pg_has_role(r.oid, named.oid, 'usage')
    ))
    and case
      when tried.verb = 'delete' then pg_catalog.has_table_privilege(r.oid, c.oid, 'delete')
      else pg_catalog.has_any_column_privilege(r.oid, c.oid, tried.verb)
    end
)
