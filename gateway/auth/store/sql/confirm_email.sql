update auth.users set email_confirmed_at = now(), updated_at = now(),
  raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || '{"email_verified": true}'
where id = $1 and email_confirmed_at is null
