-- Columns of the exposed relations. $1: exposed schemas.
-- A domain counts as its innermost type; `base_type` follows PostgREST: types outside pg_catalog keep their nominal
-- form, the others lose their length.
with recursive domains (oid, base, modifier) as (
    select d.oid, d.typbasetype, d.typtypmod
    from pg_type d
    where d.typtype = 'd'
    union all
    select inner_of.oid, d.typbasetype, case when inner_of.modifier = -1 then d.typtypmod else inner_of.modifier end
    from domains inner_of
    join pg_type d on d.oid = inner_of.base and d.typtype = 'd'
),
innermost as (
    select d.oid, d.base, d.modifier, b.typnamespace as namespace
    from domains d
    join pg_type b on b.oid = d.base
    where b.typtype <> 'd'
)
select
    a.attrelid as relation,
    a.attname as name,
    format_type(a.atttypid, a.atttypmod) as type,
    case
        when coalesce(i.namespace, t.typnamespace) = 'pg_catalog'::regnamespace
            then format_type(coalesce(i.base, a.atttypid), null)
        else format_type(a.atttypid, a.atttypmod)
    end as base_type,
    tn.nspname as type_schema,
    t.typname as type_name,
    coalesce(i.base, a.atttypid) as base_oid,
    not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)) as nullable,
    case
        when a.attgenerated <> '' then null
        when a.attidentity = 'd' then format('nextval(%L)', owned.sequence)
        when d.adbin is not null then pg_get_expr(d.adbin, d.adrelid)
        when t.typtype = 'd' then pg_get_expr(t.typdefaultbin, 0)
    end as default_expression,
    a.attgenerated <> '' as generated,
    a.attidentity = 'a' as identity_always,
    case
        when coalesce(i.base, a.atttypid) in ('pg_catalog.varchar'::regtype, 'pg_catalog.bpchar'::regtype)
            then nullif(case when i.oid is null then a.atttypmod else i.modifier end, -1) - 4
        when coalesce(i.base, a.atttypid) in ('pg_catalog.bit'::regtype, 'pg_catalog.varbit'::regtype)
            then nullif(case when i.oid is null then a.atttypmod else i.modifier end, -1)
    end as max_length,
    c_note.description
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid
join pg_type t on t.oid = a.atttypid
join pg_namespace tn on tn.oid = t.typnamespace
left join innermost i on i.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
-- not pg_get_serial_sequence, which wants USAGE on the schema
left join (
    select o.refobjid, o.refobjsubid, format('%I.%I', sn.nspname, s.relname) as sequence
    from pg_depend o
    join pg_class s on s.oid = o.objid and s.relkind = 'S'
    join pg_namespace sn on sn.oid = s.relnamespace
    where o.classid = 'pg_class'::regclass and o.refclassid = 'pg_class'::regclass and o.deptype = 'i'
) owned on owned.refobjid = a.attrelid and owned.refobjsubid = a.attnum
left join pg_description c_note
    on c_note.objoid = a.attrelid and c_note.objsubid = a.attnum and c_note.classoid = 'pg_class'::regclass
where n.nspname = any ($1)
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.relpersistence <> 't'
    and not c.relispartition
    and a.attnum > 0
    and not a.attisdropped
order by a.attrelid, a.attnum
