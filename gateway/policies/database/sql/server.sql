-- Who is connected to what, and whether there is an audit table.
select
    current_setting('server_version_num')::int as server_version,
    current_user::text as me,
    exists (
        select
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'passerelle' and c.relname = 'policy_applies'
    ) as audited,
    array(
        select p.proname::text
        from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and p.prokind = 'f' and p.provolatile = 's' and not p.proretset
    ) as built_in_stable
