-- Who may sign in and how: what Supabase has beside users, identities and sessions, and what is the gateway's own.

-- An access token lives on when its session is gone. Every instance knows which these are; here they survive. Whoever
-- deletes sessions or users, by SQL too, ends them at once.
create table passerelle.ended_sessions (
  session_id uuid primary key,
  ended_at timestamptz not null default clock_timestamp()
);
comment on table passerelle.ended_sessions is 'Sessions whose access tokens must not be accepted any more';
create index ended_sessions_ended_at_idx on passerelle.ended_sessions (ended_at);
alter table passerelle.ended_sessions enable row level security;
revoke all on passerelle.ended_sessions from public, anon, authenticated, service_role;

create function passerelle.end_sessions_v1() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into passerelle.ended_sessions (session_id) select id from ended
  on conflict (session_id) do nothing;
  return null;
end
$$;
comment on function passerelle.end_sessions_v1() is 'Remembers sessions that were deleted';

create function passerelle.end_sessions_of_banned_v1() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if new.banned_until > now() or new.deleted_at is not null then
    delete from auth.sessions where user_id = new.id;
  end if;
  return null;
end
$$;
comment on function passerelle.end_sessions_of_banned_v1() is 'Who is banned or deleted is signed out';

create function passerelle.ended_sessions_v1(seconds double precision, most integer) returns setof uuid
language sql stable security definer set search_path = '' as $$
  select session_id from passerelle.ended_sessions
  where ended_at > clock_timestamp() - make_interval(secs => seconds)
  limit most
$$;
comment on function passerelle.ended_sessions_v1(double precision, integer) is
  'Sessions that were ended in the last so many seconds';

create function passerelle.session_lives_v1(wanted uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (select from auth.sessions where id = wanted)
$$;
comment on function passerelle.session_lives_v1(uuid) is 'Whether a session has not been ended';
revoke all on function
  passerelle.session_lives_v1(uuid), passerelle.ended_sessions_v1(double precision, integer)
from public;
grant execute on function
  passerelle.session_lives_v1(uuid), passerelle.ended_sessions_v1(double precision, integer)
to authenticator;

-- All that takes the owner of schema auth, and one who may create a role that passes row security. Tables there are kept
-- if they exist.
create function passerelle.prepare_auth_v1() returns void
language plpgsql set search_path = '' as $prepare$
declare
  relation text;
begin
  if to_regrole('passerelle_auth') is null then
    begin
      create role passerelle_auth login noinherit bypassrls;
    exception when duplicate_object or unique_violation then
      null; -- another database of the cluster is being migrated at this very moment
    end;
  end if;

  if to_regtype('auth.factor_type') is null then
    create type auth.factor_type as enum ('totp', 'webauthn', 'phone');
  end if;
  if to_regtype('auth.factor_status') is null then
    create type auth.factor_status as enum ('unverified', 'verified');
  end if;

  if to_regclass('auth.mfa_factors') is null then
    create table auth.mfa_factors (
      id uuid primary key,
      user_id uuid not null references auth.users (id) on delete cascade,
      friendly_name text,
      factor_type auth.factor_type not null,
      status auth.factor_status not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      secret text,
      phone text,
      last_challenged_at timestamptz unique
    );
    comment on table auth.mfa_factors is 'Second factors of users';
    create index mfa_factors_user_id_idx on auth.mfa_factors (user_id);
    create unique index mfa_factors_user_friendly_name_unique on auth.mfa_factors (friendly_name, user_id)
      where btrim(friendly_name) <> '';
    alter table auth.mfa_factors enable row level security;
  end if;

  if to_regclass('auth.mfa_challenges') is null then
    create table auth.mfa_challenges (
      id uuid primary key,
      factor_id uuid not null references auth.mfa_factors (id) on delete cascade,
      created_at timestamptz not null,
      verified_at timestamptz,
      ip_address inet not null,
      otp_code text
    );
    comment on table auth.mfa_challenges is 'Times at which a factor was asked for';
    create index mfa_challenge_created_at_idx on auth.mfa_challenges (created_at desc);
    alter table auth.mfa_challenges enable row level security;
  end if;

  if to_regclass('auth.mfa_amr_claims') is null then
    create table auth.mfa_amr_claims (
      session_id uuid not null references auth.sessions (id) on delete cascade,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      authentication_method text not null,
      id uuid not null constraint amr_id_pk primary key,
      constraint mfa_amr_claims_session_id_authentication_method_pkey unique (session_id, authentication_method)
    );
    comment on table auth.mfa_amr_claims is 'How the user of a session proved who they are';
    alter table auth.mfa_amr_claims enable row level security;
  end if;

  if to_regclass('auth.audit_log_entries') is null then
    create table auth.audit_log_entries (
      instance_id uuid,
      id uuid primary key,
      payload json,
      created_at timestamptz,
      ip_address varchar(64) not null default ''
    );
    comment on table auth.audit_log_entries is 'What happened to users';
    create index audit_logs_instance_id_idx on auth.audit_log_entries (instance_id);
    alter table auth.audit_log_entries enable row level security;
  end if;

  -- Tables of a Supabase from before refresh tokens were counters.
  alter table auth.sessions add column if not exists refresh_token_hmac_key text;
  alter table auth.sessions add column if not exists refresh_token_counter bigint;

  -- One for each purpose; a new one takes the place of the last. Only MACs under the server's key are here: whoever reads
  -- the table learns neither codes nor links.
  create table passerelle.auth_codes (
    user_id uuid not null references auth.users (id) on delete cascade,
    purpose text not null check (
      purpose in ('signup', 'invite', 'recovery', 'magiclink', 'email_change_current', 'email_change_new', 'reauthentication')
    ),
    relates_to text not null,
    code text not null,
    link text not null unique,
    flow_id uuid,
    attempts smallint not null default 0,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    primary key (user_id, purpose)
  );
  comment on table passerelle.auth_codes is 'Codes and links that were sent and not used yet';
  comment on column passerelle.auth_codes.relates_to is 'The address that it was sent to';
  create index auth_codes_expires_at_idx on passerelle.auth_codes (expires_at);

  create table passerelle.auth_flows (
    id uuid primary key default gen_random_uuid(),
    method text not null,
    provider text,
    redirect_to text not null,
    code_challenge text,
    code_challenge_method text check (code_challenge_method in ('s256', 'plain')),
    user_id uuid references auth.users (id) on delete cascade,
    linking_to uuid references auth.users (id) on delete cascade,
    browser bytea,
    verifier text,
    nonce text,
    auth_code text unique,
    provider_tokens bytea,
    attempts smallint not null default 0,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null
  );
  comment on table passerelle.auth_flows is 'Sign-ins that began in a browser and are not finished';
  comment on column passerelle.auth_flows.browser is 'Digest of the cookie of the browser that began it';
  comment on column passerelle.auth_flows.verifier is 'What proves to the provider that it was this server who asked';
  create index auth_flows_expires_at_idx on passerelle.auth_flows (expires_at);

  create table passerelle.totp_steps (
    factor_id uuid primary key references auth.mfa_factors (id) on delete cascade,
    step bigint not null
  );
  comment on table passerelle.totp_steps is 'The last step whose code was accepted: none is accepted twice';

  create trigger passerelle_end_sessions_v1 after delete on auth.sessions
    referencing old table as ended for each statement execute function passerelle.end_sessions_v1();
  alter table auth.sessions enable always trigger passerelle_end_sessions_v1;
  create trigger passerelle_end_sessions_of_banned_v1 after update of banned_until, deleted_at on auth.users
    for each row execute function passerelle.end_sessions_of_banned_v1();

  grant usage on schema auth, passerelle to passerelle_auth;
  grant usage on all sequences in schema auth to passerelle_auth;
  foreach relation in array array[
    'passerelle.auth_codes', 'passerelle.auth_flows', 'passerelle.totp_steps', 'passerelle.ended_sessions',
    'auth.users', 'auth.identities', 'auth.sessions', 'auth.refresh_tokens', 'auth.mfa_factors', 'auth.mfa_challenges',
    'auth.mfa_amr_claims', 'auth.audit_log_entries'
  ] loop
    if relation like 'passerelle.%' then
      execute format('alter table %s enable row level security', relation);
    end if;
    execute format('grant select, insert, update, delete on %s to passerelle_auth', relation);
  end loop;
end
$prepare$;
comment on function passerelle.prepare_auth_v1() is 'What /auth/v1 needs; for an owner who may not do it, a superuser calls it';
revoke all on function passerelle.prepare_auth_v1() from public;

do $$
begin
  perform passerelle.prepare_auth_v1();
exception when insufficient_privilege then
  raise notice 'for /auth/v1 a superuser must run: select passerelle.prepare_auth_v1(); (%)', sqlerrm;
end
$$;
