-- Measured from here, not from when the flow began: mails are opened late. $1 flow, $2 user, $3 code, $4 seconds, $5 method
update passerelle.auth_flows
set user_id = $2, auth_code = $3, method = $5, attempts = 0, expires_at = clock_timestamp() + make_interval(secs => $4)
where id = $1
returning redirect_to
