-- Triggers of applications see the metadata at once, and the confirmation later, as an update.
-- $1 id, $2 email or null, $3 phone or null, $4 password hash or null, $5 app metadata, $6 user metadata, $7 anonymous,
-- $8 role
insert into auth.users (
  instance_id, id, aud, role, email, phone, encrypted_password, raw_app_meta_data, raw_user_meta_data, is_anonymous,
  created_at, updated_at, confirmation_token, recovery_token, email_change_token_new, email_change,
  email_change_token_current, phone_change, phone_change_token, reauthentication_token
)
values (
  '00000000-0000-0000-0000-000000000000', $1, 'authenticated', $8, $2, $3, $4, $5::jsonb, $6::jsonb, $7,
  now(), now(), '', '', '', '', '', '', '', ''
)
