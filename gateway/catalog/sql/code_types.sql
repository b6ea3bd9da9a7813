-- User-defined types, without the row types of relations: what reading, writing, checking and comparing a value runs.
select
    t.oid,
    n.nspname as schema,
    t.typname as name,
    array(
        select f
        from unnest(array[
            t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout, t.typsubscript, t.typanalyze,
            r.rngcanonical, r.rngsubdiff
        ]::oid[]) f
        where f >= 16384
    ) as functions,
    array(
        select u
        from unnest(array[t.typelem, t.typbasetype, r.rngsubtype, m.rngsubtype]) u
        where u >= 16384
        union
        select a.atttypid
        from pg_attribute a
        where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped and a.atttypid >= 16384
    ) as types,
    array(select r.rngsubopc where r.rngsubopc is not null) as opclasses,
    array(select k.conbin::text from pg_constraint k where k.contypid = t.oid and k.conbin is not null) as checks,
    t.typtype::text as kind
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
left join pg_range r on r.rngtypid = t.oid
left join pg_range m on m.rngmultitypid = t.oid
left join pg_class c on c.oid = t.typrelid
left join pg_type e on e.oid = t.typelem
left join pg_class ec on ec.oid = e.typrelid
where t.oid >= 16384
    and (c.oid is null or c.relkind = 'c')
    and (ec.oid is null or ec.relkind = 'c')
