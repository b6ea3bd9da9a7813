-- Schemas, who may look into them, and the two extensions that Supabase migrations count on.
-- No API role gets default privileges on tables: a table is reachable once it is granted by name.

do $$
declare
  wanted name;
begin
  foreach wanted in array array['public', 'auth', 'extensions']::name[] loop
    if to_regnamespace(quote_ident(wanted)) is null then
      execute format('create schema %I', wanted);
    end if;
    if not (has_schema_privilege('anon', wanted, 'usage')
        and has_schema_privilege('authenticated', wanted, 'usage')
        and has_schema_privilege('service_role', wanted, 'usage')) then
      execute format('grant usage on schema %I to anon, authenticated, service_role', wanted);
    end if;
  end loop;
end
$$;

comment on schema passerelle is 'The gateway''s own objects; nothing here is exposed';
revoke all on schema passerelle from public;

-- The secret key's role bypasses row security; it sees the owner's future tables too.
alter default privileges in schema public grant all on tables to service_role;
alter default privileges in schema public grant all on sequences to service_role;
alter default privileges in schema public grant all on functions to service_role;

do $$
declare
  wanted text;
begin
  foreach wanted in array array['pgcrypto', 'uuid-ossp'] loop
    continue when exists (select from pg_catalog.pg_extension where extname = wanted);
    if not exists (select from pg_catalog.pg_available_extensions where name = wanted) then
      raise notice 'extension % is not available on this server: skipped', wanted;
      continue;
    end if;
    begin
      execute format('create extension %I with schema extensions', wanted);
    exception when insufficient_privilege then
      raise notice 'extension % needs a superuser to be created: skipped', wanted;
    end;
  end loop;
end
$$;
