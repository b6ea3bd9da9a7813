-- One for each purpose: a new one takes the place of the last. Answers nothing if the last one is younger than the gap.
-- $1 user, $2 purpose, $3 address, $4 code, $5 link, $6 flow or null, $7 seconds it lasts, $8 seconds between two
insert into passerelle.auth_codes as kept (user_id, purpose, relates_to, code, link, flow_id, expires_at)
values ($1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(secs => $7))
on conflict (user_id, purpose) do update
set relates_to = excluded.relates_to, code = excluded.code, link = excluded.link, flow_id = excluded.flow_id,
  attempts = 0, created_at = excluded.created_at, expires_at = excluded.expires_at
where kept.created_at <= clock_timestamp() - make_interval(secs => $8)
returning true
