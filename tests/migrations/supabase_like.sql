-- A database as Supabase leaves it, reduced to what the gateway's own migrations could collide with: roles with
-- settings of their own, schema auth belonging to another role, helpers with other bodies, an owner without superuser.
create role supabase_admin superuser login;
create role supabase_auth_admin login noinherit createrole;
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit password 'kept';
grant anon, authenticated, service_role to authenticator;
alter role anon set statement_timeout = '1s';
alter role authenticator set lock_timeout = '8s';
create role owner_like_postgres login createrole createdb bypassrls;
grant anon, authenticated, service_role to owner_like_postgres;
grant create on database postgres to owner_like_postgres;
grant all on schema public to owner_like_postgres with grant option;

create schema extensions authorization supabase_admin;
grant usage on schema extensions to owner_like_postgres, anon, authenticated, service_role;
grant create on schema extensions to owner_like_postgres;
create schema auth authorization supabase_auth_admin;
grant usage on schema auth to owner_like_postgres, anon, authenticated, service_role;

set role supabase_auth_admin;
create table auth.users (
  instance_id uuid, id uuid primary key, aud varchar(255), role varchar(255), email varchar(255),
  encrypted_password varchar(255), email_confirmed_at timestamptz, confirmation_token varchar(255),
  recovery_token varchar(255), email_change_token_new varchar(255), email_change varchar(255),
  last_sign_in_at timestamptz, raw_app_meta_data jsonb, raw_user_meta_data jsonb, created_at timestamptz,
  updated_at timestamptz, is_sso_user boolean not null default false, added_by_a_newer_version text
);
create table auth.identities (
  id uuid primary key, provider_id text, user_id uuid references auth.users (id) on delete cascade,
  identity_data jsonb, provider text, last_sign_in_at timestamptz, created_at timestamptz, updated_at timestamptz
);
create type auth.aal_level as enum ('aal1', 'aal2', 'aal3');
create table auth.sessions (id uuid primary key, user_id uuid references auth.users (id) on delete cascade);
create table auth.refresh_tokens (
  id bigserial primary key, token varchar(255), session_id uuid references auth.sessions (id) on delete cascade
);
alter table auth.users enable row level security;
alter table auth.identities enable row level security;
create function auth.uid() returns uuid language sql stable as 'select nullif(current_setting(''request.jwt.claims'', true)::json ->> ''sub'', '''')::uuid';
create function auth.role() returns text language sql stable as 'select current_setting(''request.jwt.claims'', true)::json ->> ''role''';
create function auth.email() returns text language sql stable as 'select current_setting(''request.jwt.claims'', true)::json ->> ''email''';
create function auth.jwt() returns jsonb language sql stable as 'select current_setting(''request.jwt.claims'', true)::jsonb';
grant all on all tables in schema auth to owner_like_postgres;
reset role;

create function extensions.pgrst_ddl_watch() returns event_trigger language plpgsql as 'begin notify pgrst, ''reload schema''; end';
create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_ddl_watch();
