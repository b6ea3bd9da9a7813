-- A session with its user, the proofs it rests on, and how many seconds ago it was refreshed.
select s as session, s.refresh_token_hmac_key, s.refresh_token_counter,
  extract(epoch from clock_timestamp() at time zone 'UTC' - s.refreshed_at)::float8 as refreshed_ago,
  array(select a from auth.mfa_amr_claims a where a.session_id = s.id order by a.created_at desc) as proofs,
  {user}
from auth.sessions s join auth.users u on u.id = s.user_id and u.deleted_at is null
where s.id = $1
