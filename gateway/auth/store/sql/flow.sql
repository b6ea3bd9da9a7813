select redirect_to, code_challenge, code_challenge_method, method from passerelle.auth_flows where id = $1
