-- The roles of a Supabase-style database. Roles belong to the whole cluster and may exist already (from Supabase, or
-- from another database of this cluster): what exists is kept as it is.

do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit bypassrls'),
      ('authenticator', 'login noinherit')
    ) as roles (name, attributes)
  loop
    continue when exists (select from pg_catalog.pg_roles where rolname = wanted.name);
    begin
      execute format('create role %I %s', wanted.name, wanted.attributes);
      case wanted.name
        when 'anon' then alter role anon set statement_timeout = '3s';
        when 'authenticated' then alter role authenticated set statement_timeout = '8s';
        -- A time without zone from a client means UTC.
        when 'authenticator' then alter role authenticator set timezone = 'UTC';
        else null;
      end case;
    exception
      -- Another database of the cluster is being migrated at this very moment.
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise exception 'the owner role "%" may not create the role "%"', current_user, wanted.name
          using errcode = 'insufficient_privilege',
            detail = sqlerrm,
            hint = format('Run as a superuser, then migrate again: create role %I %s;', wanted.name, wanted.attributes);
    end;
  end loop;
end
$$;

-- The login role becomes one of the others for each request.
do $$
declare
  api_role name;
begin
  foreach api_role in array array['anon', 'authenticated', 'service_role']::name[] loop
    continue when pg_has_role('authenticator', api_role, 'member');
    begin
      execute format('grant %I to authenticator', api_role);
    exception
      when unique_violation then null;
      when insufficient_privilege then
        raise exception 'the owner role "%" may not grant "%" to authenticator', current_user, api_role
          using errcode = 'insufficient_privilege',
            detail = sqlerrm,
            hint = format('Run as a superuser, then migrate again: grant %I to authenticator;', api_role);
    end;
  end loop;
end
$$;
