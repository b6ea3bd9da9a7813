-- $2 what is to be set, $3 the names that are to go
update auth.users set raw_user_meta_data = (coalesce(raw_user_meta_data, '{}') || $2::jsonb) - $3::text[], updated_at = now()
where id = $1
returning raw_user_meta_data
