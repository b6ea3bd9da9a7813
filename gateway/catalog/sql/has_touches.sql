-- Whether transactions leave a record of what they change, and the rules of policy files can be read. Not by names:
-- looking one up takes USAGE on its schema.
select coalesce(
    has_schema_privilege(to_regnamespace('passerelle'), 'usage')
    and has_table_privilege(
        (select oid from pg_class where relname = 'policy_rules_v1' and relnamespace = to_regnamespace('passerelle')),
        'select'
    )
    and has_function_privilege(
        (select oid from pg_proc where proname = 'take_touches_v1' and pronamespace = to_regnamespace('passerelle')),
        'execute'
    ),
    false
) as recorded
