select extract(epoch from clock_timestamp() - created_at)::float8 from passerelle.auth_codes where user_id = $1 and purpose = $2
