-- How PostgreSQL prints the view on trial ($1: its name), and the type of its first column.
select pg_get_viewdef(c.oid) as definition, format_type(a.atttypid, a.atttypmod) as type
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum = 1
where c.relname = $1 and c.relnamespace = pg_my_temp_schema()
