-- One number that changes when anything changes that the catalog is made of or judges: every definition is a row, and
-- a changed row has another xmin. What PostgreSQL itself changes in pg_class (statistics, pages) does not count, nor do
-- temporary tables.
with lasting as (
    select c.oid, c.relkind, c.relnatts, c.relowner, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, c.relname,
        c.relnamespace, c.reltype, c.reloptions
    from pg_class c
    where c.oid >= 16384 and c.relpersistence <> 't' and c.relkind in ('r', 'v', 'm', 'f', 'p', 'c')
),
definition(class, id, version) as (
    select 1, oid, hashtextextended(lasting::text, 0) from lasting
    union all
    select 2, p.oid, p.xmin::text::bigint from pg_proc p where p.oid >= 16384
    union all
    select 3, r.oid, r.xmin::text::bigint from pg_rewrite r join lasting on lasting.oid = r.ev_class
    union all
    select 4, p.oid, p.xmin::text::bigint from pg_policy p
    union all
    select 5, t.oid, t.xmin::text::bigint from pg_trigger t join lasting on lasting.oid = t.tgrelid
    union all
    select 6, d.oid, d.xmin::text::bigint from pg_attrdef d join lasting on lasting.oid = d.adrelid
    union all
    select 7, c.oid, c.xmin::text::bigint from pg_constraint c
    where c.oid >= 16384 and (c.conrelid = 0 or c.conrelid in (select oid from lasting))
    union all
    select 8, t.oid, t.xmin::text::bigint from pg_type t where t.oid >= 16384 and t.typtype in ('d', 'e', 'r', 'm')
    union all
    select 9, o.oid, o.xmin::text::bigint from pg_operator o where o.oid >= 16384
    union all
    select 10, c.oid, c.xmin::text::bigint from pg_cast c where c.oid >= 16384
    union all
    select 11, o.oid, o.xmin::text::bigint from pg_opclass o where o.oid >= 16384
    union all
    select 12, a.oid, a.xmin::text::bigint from pg_amproc a where a.oid >= 16384
    union all
    select 13, n.oid, n.xmin::text::bigint from pg_namespace n where n.oid >= 16384 and n.nspname !~ '^pg_t'
    union all
    select 14, a.aggfnoid, a.xmin::text::bigint from pg_aggregate a where a.aggfnoid >= 16384
    union all
    select 15, s.setrole, hashtextextended(s::text, 0) from pg_db_role_setting s
    union all
    select 16, e.oid, e.xmin::text::bigint from pg_extension e
    union all
    select 17, d.objoid, hashtextextended(d::text, 0) from pg_description d
    where d.objoid >= 16384 and d.classoid in ('pg_class'::regclass, 'pg_proc'::regclass)
    union all
    -- names of columns are not in pg_class
    select 18, a.attrelid, hashtextextended(a.attnum || ' ' || a.xmin, 0)
    from pg_attribute a join lasting on lasting.oid = a.attrelid
    where a.attnum > 0
    union all
    select 19, e.oid, e.xmin::text::bigint from pg_enum e
    union all
    select 20, i.indexrelid, i.xmin::text::bigint from pg_index i join lasting on lasting.oid = i.indrelid
)
select coalesce(sum(hashint8extended(version # id::bigint, class)), 0)::text as fingerprint from definition
