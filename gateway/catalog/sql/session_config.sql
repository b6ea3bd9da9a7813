-- Settings `pgrst.*` that hold in this session. Custom settings are not listed anywhere, so the known keys are
-- asked for one by one.
select key as name, value
from unnest(array[
    'db_schemas', 'db_anon_role', 'db_extra_search_path', 'db_max_rows', 'db_plan_enabled', 'db_aggregates_enabled',
    'db_pre_request', 'db_prepared_statements', 'db_root_spec', 'db_tx_end', 'db_hoisted_tx_settings',
    'jwt_aud', 'jwt_cache_max_entries', 'jwt_role_claim_key', 'jwt_secret', 'jwt_secret_is_base64', 'log_level',
    'openapi_mode', 'openapi_security_active', 'openapi_server_proxy_uri', 'client_error_verbosity',
    'server_cors_allowed_origins', 'server_timing_enabled', 'server_trace_header', 'url_use_legacy_target_names'
]) as key
cross join lateral nullif(current_setting('pgrst.' || key, true), '') as value
where value is not null
