-- Which relations a view or materialized view reads directly.
select v.oid as view, array_agg(distinct d.refobjid) as relations
from pg_class v
join pg_rewrite r on r.ev_class = v.oid and r.ev_type = '1'
join pg_depend d
    on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
    and d.refclassid = 'pg_class'::regclass and d.refobjid <> v.oid
join pg_class c on c.oid = d.refobjid and c.relkind in ('r', 'p', 'v', 'm', 'f')
where v.relkind in ('v', 'm')
group by v.oid
