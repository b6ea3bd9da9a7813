select {user} from auth.users u where u.email = lower($1) and not u.is_sso_user and u.deleted_at is null
