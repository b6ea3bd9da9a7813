-- $1 user, $2 the session that asks, $3 which: global, local, others
delete from auth.sessions
where user_id = $1 and case $3 when 'local' then id = $2 when 'others' then id <> $2 else true end
returning id
