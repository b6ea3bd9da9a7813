-- From here to the end of the subtransaction: the claims $1, the search path $2, the role $3 (null: the present one), row security, and of the
-- request what every request has. All are arguments of one call, because all arguments of a call are evaluated.
select num_nulls(
    set_config('row_security', 'on', true),
    set_config('request.jwt.claims', $1, true),
    set_config('request.jwt.claim', '', true),
    set_config('request.jwt.claim.sub', '', true),
    set_config('request.jwt.claim.role', '', true),
    set_config('request.jwt.claim.email', '', true),
    set_config('request.method', '', true),
    set_config('request.path', '', true),
    set_config('request.headers', '{}', true),
    set_config('request.cookies', '{}', true),
    set_config('search_path', $2, true),
    set_config('role', coalesce($3, current_setting('role')), true)
)
