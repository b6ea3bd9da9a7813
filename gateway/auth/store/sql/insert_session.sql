-- $1 session id, $2 user id, $3 level, $4 key of its refresh tokens, $5 user agent or null, $6 address or null, $7 method,
-- $8 id of the record of the method
with signed_in as (
  update auth.users set last_sign_in_at = now(), updated_at = now() where id = $2
),
opened as (
  insert into auth.sessions (
    id, user_id, created_at, updated_at, aal, refresh_token_hmac_key, refresh_token_counter, user_agent, ip
  )
  values ($1, $2, now(), now(), $3::auth.aal_level, $4, 0, $5, $6::inet)
)
insert into auth.mfa_amr_claims (id, session_id, authentication_method, created_at, updated_at)
values ($8, $1, $7, now(), now())
