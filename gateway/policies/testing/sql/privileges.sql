-- What the role $3 may do with each column of $1.$2, and with the table as a whole.
select array(
  select (a.attname, pg_catalog.has_column_privilege($3::text, c.oid, a.attnum, $4::text))::text
  from pg_catalog.pg_attribute as a
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and $4::text <> 'delete'
  order by a.attnum
) || pg_catalog.has_table_privilege($3::text, c.oid, $4::text)::text as held
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2
