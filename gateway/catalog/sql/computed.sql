-- Functions from one row of a relation to rows of a relation: computed relationships.
select
    p.oid,
    n.nspname as schema,
    p.proname as name,
    a.typrelid as origin,
    r.typrelid as target,
    (not p.proretset) or p.prorows = 1 as single_row
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_type a on a.oid = p.proargtypes[0] and a.typtype = 'c'
join pg_type r on r.oid = p.prorettype and r.typtype = 'c'
join pg_class origin on origin.oid = a.typrelid and origin.relkind in ('r', 'p', 'v', 'm', 'f')
join pg_class target on target.oid = r.typrelid and target.relkind in ('r', 'p', 'v', 'm', 'f')
where p.pronargs = 1 and p.prokind = 'f'
order by p.oid
