update auth.users set email = $2::text, email_change = '', email_change_confirm_status = 0, updated_at = now(),
  email_confirmed_at = coalesce(email_confirmed_at, now()), is_anonymous = false,
  raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || jsonb_build_object('email', $2::text, 'email_verified', true)
where id = $1
