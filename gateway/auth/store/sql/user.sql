u.id, u.aud, u.role, u.email, u.phone, u.encrypted_password, u.email_confirmed_at, u.phone_confirmed_at, u.invited_at,
u.confirmation_sent_at, u.recovery_sent_at, u.email_change, u.email_change_sent_at, u.email_change_confirm_status,
u.reauthentication_sent_at, u.last_sign_in_at, u.raw_app_meta_data, u.raw_user_meta_data, u.created_at, u.updated_at,
u.banned_until, u.deleted_at, u.is_anonymous, u.is_sso_user,
array(select i from auth.identities i where i.user_id = u.id order by i.created_at, i.id) as identities,
array(select f from auth.mfa_factors f where f.user_id = u.id order by f.created_at, f.id) as factors
