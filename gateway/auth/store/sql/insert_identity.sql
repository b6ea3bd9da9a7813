-- $1 user id, $2 provider, $3 the provider's id of the user, $4 data
insert into auth.identities (user_id, provider, provider_id, identity_data, last_sign_in_at, created_at, updated_at)
values ($1, $2, $3, $4::jsonb, now(), now(), now())
