select
    has_schema_privilege(to_regnamespace('passerelle'), 'usage')
    and has_table_privilege(
        (select oid from pg_class where relname = 'policy_rules_v1' and relnamespace = to_regnamespace('passerelle')),
        'select'
    )
    and exists (
        select from pg_proc where proname = 'take_touches_v1' and pronamespace = to_regnamespace('passerelle')
    )
