-- PostgreSQL's text of the policies on trial ($1: their names).
select p.polname::text as name, pg_get_expr(p.polqual, p.polrelid) as text
from pg_policy p
where p.polname = any ($1::text[])
