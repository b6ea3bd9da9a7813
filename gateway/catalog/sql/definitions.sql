-- Two texts that change when anything changes that decides answers, and that never return to what they were: who keeps
-- an answer under them must not find it valid again after row security was off and on, or a policy here and gone.
-- `loaded` is about what a catalog or its footprints are made of, beside `fingerprint`; `passing` about all the rest.
--
-- A changed row has another xmin; VACUUM and ANALYZE write in place and keep it. TRUNCATE changes it in pg_class, which
-- is harmless; materialized views are left out there, because each refresh does the same and nothing that is read of
-- them is kept. Rows that come and go leave only what PostgreSQL counts for its statistics, which it publishes within
-- 10 s, and which begin anew after a crash. Catalogs with rows of temporary objects are not counted: a table, type or
-- domain that came and went between two looks is overlooked. What roles may is read as a hash, which can return (rows
-- of pg_authid cannot be read), beside the count of changes to them; so are settings from the server's files, alone.
with lasting as (
    select c.oid, c.xmin::text::bigint as version, c.relkind, c.relam
    from pg_class c
    where c.oid >= 16384 and c.relpersistence <> 't' and c.relkind in ('r', 'v', 'm', 'f', 'p', 'c')
),
loaded(class, id, version) as (
    select 1, a.attrelid::bigint << 16 | a.attnum + 32768, a.xmin::text::bigint
    from pg_attribute a join lasting on lasting.oid = a.attrelid
    where a.attnum > 0 or a.attacl is not null
    union all
    select 2, p.oid::bigint, p.xmin::text::bigint from pg_proc p where p.oid >= 16384
    union all
    select 3, r.oid::bigint, r.xmin::text::bigint from pg_rewrite r join lasting on lasting.oid = r.ev_class
    union all
    select 4, p.oid::bigint, p.xmin::text::bigint from pg_policy p
    union all
    select 5, t.oid::bigint, t.xmin::text::bigint from pg_trigger t join lasting on lasting.oid = t.tgrelid
    union all
    select 6, d.oid::bigint, d.xmin::text::bigint from pg_attrdef d join lasting on lasting.oid = d.adrelid
    union all
    select 7, c.oid::bigint, c.xmin::text::bigint from pg_constraint c
    where c.oid >= 16384 and (c.conrelid = 0 or c.conrelid in (select oid from lasting))
    union all
    select 8, t.oid::bigint, t.xmin::text::bigint from pg_type t
    where t.oid >= 16384 and t.typtype in ('d', 'e', 'r', 'm')
    union all
    select 9, i.inhrelid::bigint << 32 | i.inhparent::bigint, i.xmin::text::bigint
    from pg_inherits i join lasting on lasting.oid = i.inhrelid
    union all
    select 10, n.oid::bigint, n.xmin::text::bigint from pg_namespace n where n.nspname !~ '^pg_t'
    union all
    select 11, a.roleid::bigint << 32 | a.member::bigint, a.xmin::text::bigint from pg_auth_members a
    union all
    select 12, r.oid::bigint, hashtextextended(concat_ws(' ', r.rolname, r.rolsuper, r.rolinherit, r.rolbypassrls), 0)
    from pg_roles r
    union all
    select 13, s.setdatabase::bigint << 32 | s.setrole::bigint, s.xmin::text::bigint from pg_db_role_setting s
    union all
    select 14, s.srrelid::bigint << 32 | s.srsubid::bigint, 0 from pg_subscription_rel s
    union all
    select 15, lasting.oid::bigint, lasting.relam::bigint from lasting
    union all
    select 16, c.oid::bigint, pg_stat_get_tuples_inserted(c.oid)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'passerelle' and c.relname = 'policy_applies'
),
passing(class, id, version) as (
    select 17, lasting.oid::bigint, lasting.version from lasting where lasting.relkind <> 'm'
    union all
    select 18, c.oid::bigint, sum(
        pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid)
    )::bigint
    from unnest(array[
        'pg_aggregate', 'pg_am', 'pg_amop', 'pg_amproc', 'pg_auth_members', 'pg_authid', 'pg_cast', 'pg_collation',
        'pg_conversion', 'pg_db_role_setting', 'pg_enum', 'pg_extension', 'pg_inherits', 'pg_language',
        'pg_namespace', 'pg_opclass', 'pg_operator', 'pg_opfamily', 'pg_policy', 'pg_proc', 'pg_range', 'pg_rewrite',
        'pg_subscription_rel', 'pg_trigger', 'pg_ts_config', 'pg_ts_config_map', 'pg_ts_dict', 'pg_ts_parser',
        'pg_ts_template'
    ]::regclass[]) as c (oid)
    group by c.oid
    union all
    select 19, 0, hashtextextended(string_agg(name || '=' || current_setting(name), ' ' order by name), 0)
    from unnest(array[
        'DateStyle', 'IntervalStyle', 'TimeZone', 'bytea_output', 'default_text_search_config', 'extra_float_digits',
        'lc_monetary', 'lc_numeric', 'lc_time', 'row_security', 'timezone_abbreviations', 'xmlbinary', 'xmloption'
    ]) as name
    union all
    select 20, d.oid::bigint, hashtextextended(concat_ws(' ', d.oid, d.datcollate, d.datctype, d.datcollversion,
        pg_database_collation_actual_version(d.oid), version(), to_regnamespace('passerelle')::oid), 0)
    from pg_database d where d.datname = current_database()
    union all
    select 21, s.system_identifier, c.timeline_id from pg_control_system() s cross join pg_control_checkpoint() c
)
select
    (select sum(hashint8extended(version, hashint8extended(id, class))) from loaded)::text as loaded,
    (select sum(hashint8extended(version, hashint8extended(id, class))) from passing)::text as passing
