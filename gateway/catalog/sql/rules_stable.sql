-- PostgreSQL's own functions that may answer differently although their arguments are the same. Functions that take
-- `internal` cannot be called from SQL.
select p.oid, p.proname as name
from pg_proc p
where p.oid < 16384 and p.provolatile = 's' and not p.proargtypes::oid[] && array['pg_catalog.internal'::regtype]::oid[]
