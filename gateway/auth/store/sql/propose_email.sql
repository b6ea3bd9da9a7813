-- $3 how many confirmations there are already, of two
update auth.users set email_change = $2, email_change_confirm_status = $3, updated_at = now() where id = $1
