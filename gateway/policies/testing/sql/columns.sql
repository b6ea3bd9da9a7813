-- The columns of the relations in $1 (schemas) and $2 (names), and which of the roles in $3 may read and set each.
-- `settable` says that an UPDATE may give it a value.
select
  n.nspname::text as schema,
  c.relname::text as name,
  c.relkind::text as kind,
  a.attname::text as column,
  a.attgenerated = '' and a.attidentity <> 'a' as settable,
  array(
    select r.rolname::text from pg_catalog.pg_roles as r
    where r.rolname = any ($3::text[]) and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'select')
  ) as readers,
  array(
    select r.rolname::text from pg_catalog.pg_roles as r
    where r.rolname = any ($3::text[]) and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'update')
  ) as writers
from unnest($1::text[], $2::text[]) as wanted (schema, name)
join pg_catalog.pg_namespace as n on n.nspname = wanted.schema
join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = wanted.name
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'p', 'v', 'm', 'f')
order by c.oid, a.attnum
