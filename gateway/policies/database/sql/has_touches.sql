select count(*) = 2
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspname = 'passerelle' and p.proname in ('touch_v1', 'touch_rows_v1')
