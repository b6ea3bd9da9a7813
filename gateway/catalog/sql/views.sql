-- What each view or materialized view selects, as PostgreSQL stores it.
select w.ev_class as view, w.ev_action::text as tree
from pg_rewrite w
join pg_class c on c.oid = w.ev_class
where w.ev_type = '1' and w.ev_class >= 16384 and c.relkind in ('v', 'm')
