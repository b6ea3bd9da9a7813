insert into passerelle.auth_flows (id, method, redirect_to, code_challenge, code_challenge_method, user_id, expires_at)
values ($1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(secs => $7))
