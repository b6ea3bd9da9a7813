update auth.users set encrypted_password = $2, updated_at = now() where id = $1
