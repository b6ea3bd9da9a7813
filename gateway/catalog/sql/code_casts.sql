-- User-defined casts that PostgreSQL may apply by itself or by name. It ignores casts of domains.
select
    c.castsource as source,
    c.casttarget as target,
    c.castfunc as function,
    format('%s as %s', format_type(c.castsource, null), format_type(c.casttarget, null)) as name
from pg_cast c
join pg_type s on s.oid = c.castsource
join pg_type t on t.oid = c.casttarget
where c.oid >= 16384 and s.typtype <> 'd' and t.typtype <> 'd'
