-- $1 seconds after which no token of such a session can be valid
delete from passerelle.ended_sessions where ended_at < clock_timestamp() - make_interval(secs => $1)
