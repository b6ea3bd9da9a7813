-- Every look counts as an attempt. $1 address, $2 purposes, $3 how many attempts there are
update passerelle.auth_codes c set attempts = c.attempts + 1
from auth.users u
where c.relates_to = $1 and c.purpose = any ($2::text[]) and u.id = c.user_id and u.deleted_at is null
  and c.expires_at > clock_timestamp() and c.attempts < $3
returning c.user_id, c.purpose, c.code, c.link, c.flow_id
