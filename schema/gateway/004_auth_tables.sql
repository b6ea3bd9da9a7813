-- The tables of schema auth that applications refer to, with Supabase's columns. Times and ids have no defaults
-- there, so they have none here: scripts that insert users set them. Each table is kept if it exists.
-- Row security without a policy: nobody but the owner and the auth service reads them.

do $$
begin
  if to_regclass('auth.users') is null then
    create table auth.users (
      instance_id uuid,
      id uuid primary key,
      aud varchar(255),
      role varchar(255),
      email varchar(255),
      encrypted_password varchar(255),
      email_confirmed_at timestamptz,
      invited_at timestamptz,
      confirmation_token varchar(255),
      confirmation_sent_at timestamptz,
      recovery_token varchar(255),
      recovery_sent_at timestamptz,
      email_change_token_new varchar(255),
      email_change varchar(255),
      email_change_sent_at timestamptz,
      last_sign_in_at timestamptz,
      raw_app_meta_data jsonb,
      raw_user_meta_data jsonb,
      is_super_admin boolean,
      created_at timestamptz,
      updated_at timestamptz,
      phone text default null constraint users_phone_key unique,
      phone_confirmed_at timestamptz,
      phone_change text default '',
      phone_change_token varchar(255) default '',
      phone_change_sent_at timestamptz,
      confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
      email_change_token_current varchar(255) default '',
      email_change_confirm_status smallint default 0
        constraint users_email_change_confirm_status_check check (email_change_confirm_status between 0 and 2),
      banned_until timestamptz,
      reauthentication_token varchar(255) default '',
      reauthentication_sent_at timestamptz,
      is_sso_user boolean not null default false,
      deleted_at timestamptz,
      is_anonymous boolean not null default false
    );
    comment on table auth.users is 'Who can sign in';
    comment on column auth.users.is_sso_user is 'Single sign-on users may share an address with others';
    create unique index users_email_partial_key on auth.users (email) where is_sso_user = false;
    create index users_instance_id_idx on auth.users (instance_id);
    create index users_is_anonymous_idx on auth.users (is_anonymous);
    -- A code typed by hand is all digits and may repeat; a token from a link may not.
    create unique index confirmation_token_idx on auth.users (confirmation_token)
      where confirmation_token !~ '^[0-9 ]*$';
    create unique index recovery_token_idx on auth.users (recovery_token) where recovery_token !~ '^[0-9 ]*$';
    create unique index email_change_token_current_idx on auth.users (email_change_token_current)
      where email_change_token_current !~ '^[0-9 ]*$';
    create unique index email_change_token_new_idx on auth.users (email_change_token_new)
      where email_change_token_new !~ '^[0-9 ]*$';
    create unique index reauthentication_token_idx on auth.users (reauthentication_token)
      where reauthentication_token !~ '^[0-9 ]*$';
    alter table auth.users enable row level security;
  end if;
end
$$;

do $$
begin
  if to_regclass('auth.identities') is null then
    create table auth.identities (
      provider_id text not null,
      user_id uuid not null references auth.users (id) on delete cascade,
      identity_data jsonb not null,
      provider text not null,
      last_sign_in_at timestamptz,
      created_at timestamptz,
      updated_at timestamptz,
      email text generated always as (lower(identity_data ->> 'email')) stored,
      id uuid primary key default gen_random_uuid(),
      constraint identities_provider_id_provider_unique unique (provider_id, provider)
    );
    comment on table auth.identities is 'The ways in which a user can prove who they are';
    create index identities_user_id_idx on auth.identities (user_id);
    create index identities_email_idx on auth.identities (email text_pattern_ops);
    alter table auth.identities enable row level security;
  end if;
end
$$;

do $$
begin
  if to_regtype('auth.aal_level') is null then
    create type auth.aal_level as enum ('aal1', 'aal2', 'aal3');
  end if;

  if to_regclass('auth.sessions') is null then
    create table auth.sessions (
      id uuid primary key,
      user_id uuid not null references auth.users (id) on delete cascade,
      created_at timestamptz,
      updated_at timestamptz,
      factor_id uuid,
      aal auth.aal_level,
      not_after timestamptz,
      refreshed_at timestamp,
      user_agent text,
      ip inet,
      tag text,
      oauth_client_id uuid,
      refresh_token_hmac_key text,
      refresh_token_counter bigint,
      scopes text
    );
    comment on table auth.sessions is 'A sign-in that can still be refreshed';
    create index sessions_user_id_idx on auth.sessions (user_id);
    create index sessions_not_after_idx on auth.sessions (not_after desc);
    alter table auth.sessions enable row level security;
  end if;

  if to_regclass('auth.refresh_tokens') is null then
    create table auth.refresh_tokens (
      instance_id uuid,
      id bigserial primary key,
      token varchar(255) constraint refresh_tokens_token_unique unique,
      user_id varchar(255),
      revoked boolean,
      created_at timestamptz,
      updated_at timestamptz,
      parent varchar(255),
      session_id uuid references auth.sessions (id) on delete cascade
    );
    comment on table auth.refresh_tokens is 'Each can be exchanged once for a new access token';
    create index refresh_tokens_session_id_revoked_idx on auth.refresh_tokens (session_id, revoked);
    create index refresh_tokens_parent_idx on auth.refresh_tokens (parent);
    alter table auth.refresh_tokens enable row level security;
  end if;
end
$$;
