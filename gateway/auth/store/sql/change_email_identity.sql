update auth.identities set updated_at = now(),
  identity_data = identity_data || jsonb_build_object('email', $2::text, 'email_verified', true)
where user_id = $1 and provider = 'email'
