select {user} from auth.users u where u.id = $1 and u.deleted_at is null
