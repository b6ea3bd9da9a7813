select coalesce(has_table_privilege(to_regclass('passerelle.policy_rules_v1'), 'select'), false)
    and has_schema_privilege(to_regnamespace('passerelle'), 'usage')
