delete from passerelle.auth_flows where id = $1 returning true
