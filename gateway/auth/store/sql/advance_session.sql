-- $1 session, $2 the counter it had, $3 the next one, $4 user agent or null, $5 address or null
update auth.sessions
set refresh_token_counter = $3, refreshed_at = clock_timestamp() at time zone 'UTC', updated_at = now(),
  user_agent = coalesce($4, user_agent), ip = coalesce($5::inet, ip)
where id = $1 and refresh_token_counter = $2
returning true
