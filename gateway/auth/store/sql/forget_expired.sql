-- $1 seconds for which those who come late are told that it has expired
with codes as (
  delete from passerelle.auth_codes where expires_at < clock_timestamp() - make_interval(secs => $1)
)
delete from passerelle.auth_flows where expires_at < clock_timestamp() - make_interval(secs => $1)
