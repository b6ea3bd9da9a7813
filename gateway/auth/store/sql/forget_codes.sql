delete from passerelle.auth_codes where user_id = $1
