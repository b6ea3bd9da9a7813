select c.user_id, c.purpose, c.relates_to, c.link, c.flow_id
from passerelle.auth_codes c join auth.users u on u.id = c.user_id and u.deleted_at is null
where c.link = any ($1::text[]) and c.expires_at > clock_timestamp()
