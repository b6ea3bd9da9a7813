-- When mails were sent, as clients are told it. $2 what for
update auth.users set
  confirmation_sent_at = case when $2 = 'signup' then now() else confirmation_sent_at end,
  recovery_sent_at = case when $2 in ('recovery', 'magiclink') then now() else recovery_sent_at end,
  email_change_sent_at = case when $2 like 'email_change%' then now() else email_change_sent_at end,
  invited_at = case when $2 = 'invite' then now() else invited_at end,
  reauthentication_sent_at = case when $2 = 'reauthentication' then now() else reauthentication_sent_at end
where id = $1
