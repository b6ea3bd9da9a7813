-- Implicit casts by function between a domain and text or json.
select
    sn.nspname as source_schema,
    s.typname as source_name,
    tn.nspname as target_schema,
    t.typname as target_name,
    c.castfunc as function,
    fn.nspname as function_schema,
    f.proname as function_name
from pg_cast c
join pg_type s on s.oid = c.castsource
join pg_type t on t.oid = c.casttarget
join pg_namespace sn on sn.oid = s.typnamespace
join pg_namespace tn on tn.oid = t.typnamespace
join pg_proc f on f.oid = c.castfunc
join pg_namespace fn on fn.oid = f.pronamespace
where c.castcontext = 'i'
    and c.castmethod = 'f'
    and has_function_privilege(c.castfunc, 'execute')
    and (
        (s.typtype = 'd' and t.oid in ('pg_catalog.json'::regtype, 'pg_catalog.text'::regtype))
        or (t.typtype = 'd' and s.oid in ('pg_catalog.json'::regtype, 'pg_catalog.text'::regtype))
    )
