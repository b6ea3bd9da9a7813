-- Every look counts as an attempt.
update passerelle.auth_flows set attempts = attempts + 1
where auth_code = $1
returning id, user_id, method, code_challenge, code_challenge_method, attempts, expires_at > clock_timestamp() as valid
