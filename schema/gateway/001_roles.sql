-- The roles of a Supabase-style database. Roles belong to the whole cluster and may exist already (from Supabase, or
-- from another database of this cluster): what exists is kept as it is, settings included.

do $$
declare
  needed text[] := array(
    select statement
    from (
      select 1 as step, format('create role %I %s', wanted.name, wanted.attributes) as statement, wanted.name
      from (values
        ('anon', 'nologin noinherit'),
        ('authenticated', 'nologin noinherit'),
        ('service_role', 'nologin noinherit bypassrls'),
        ('authenticator', 'login noinherit')
      ) as wanted (name, attributes)
      where to_regrole(wanted.name) is null
      union all
      -- A time without zone from a client means UTC.
      select 2, format('alter role %I set %s', wanted.name, wanted.setting), wanted.name
      from (values
        ('anon', 'statement_timeout = ''3s'''),
        ('authenticated', 'statement_timeout = ''8s'''),
        ('authenticator', 'timezone = ''UTC''')
      ) as wanted (name, setting)
      where to_regrole(wanted.name) is null
      union all
      -- The login role becomes one of the others for each request.
      select 3, format('grant %I to authenticator', wanted.name), wanted.name
      from (values ('anon'), ('authenticated'), ('service_role')) as wanted (name)
      where not coalesce(pg_has_role(to_regrole('authenticator'), to_regrole(wanted.name), 'member'), false)
    ) as steps
    order by step, name
  );
  statement text;
begin
  foreach statement in array needed loop
    begin
      execute statement;
    exception
      -- Another database of the cluster is being migrated at this very moment.
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise exception 'the owner role "%" may not %', current_user, statement
          using errcode = 'insufficient_privilege',
            detail = sqlerrm,
            hint = format('Run as a superuser, then migrate again: %s;', array_to_string(needed, '; '));
    end;
  end loop;
end
$$;
