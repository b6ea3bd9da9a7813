-- Nobody has confirmed the address yet: whoever asked last is who may.
update auth.users set encrypted_password = $2, raw_user_meta_data = $3::jsonb, updated_at = now()
where id = $1 and email_confirmed_at is null
