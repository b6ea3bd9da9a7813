-- Of two who come with it one gets it.
delete from passerelle.auth_codes where user_id = $1 and purpose = $2 and link = $3 returning true
