-- Whoever changes the schema by hand need not tell the gateway. Event triggers take a superuser; without one the
-- owner says NOTIFY pgrst, 'reload schema' after a change. Supabase brings triggers of its own for the same channel.

create function passerelle.notify_ddl_v1() returns event_trigger
language plpgsql set search_path = '' as $$
begin
  if tg_event = 'ddl_command_end' and not exists (
    select from pg_event_trigger_ddl_commands() as command
    where command.schema_name is distinct from 'pg_temp'
  ) then
    return;
  end if;
  if tg_event = 'sql_drop' and not exists (
    select from pg_event_trigger_dropped_objects() as dropped where not dropped.is_temporary
  ) then
    return;
  end if;
  notify pgrst, 'reload schema';
end
$$;
comment on function passerelle.notify_ddl_v1() is 'Tells every gateway to read the catalog again';

do $$
begin
  if exists (select from pg_catalog.pg_event_trigger where evtname in ('pgrst_ddl_watch', 'passerelle_ddl_v1')) then
    raise notice 'event triggers that announce schema changes exist: kept';
    return;
  end if;
  if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    raise notice 'no event trigger (the owner is not a superuser): after DDL say NOTIFY pgrst, ''reload schema''';
    return;
  end if;
  create event trigger passerelle_ddl_v1 on ddl_command_end
    when tag in (
      'ALTER AGGREGATE', 'ALTER DOMAIN', 'ALTER EXTENSION', 'ALTER FOREIGN TABLE', 'ALTER FUNCTION',
      'ALTER MATERIALIZED VIEW', 'ALTER OPERATOR', 'ALTER POLICY', 'ALTER PROCEDURE', 'ALTER ROUTINE', 'ALTER SCHEMA',
      'ALTER TABLE', 'ALTER TYPE', 'ALTER VIEW', 'COMMENT', 'CREATE AGGREGATE', 'CREATE CAST', 'CREATE DOMAIN',
      'CREATE EXTENSION', 'CREATE FOREIGN TABLE', 'CREATE FUNCTION', 'CREATE INDEX', 'CREATE MATERIALIZED VIEW',
      'CREATE OPERATOR', 'CREATE POLICY', 'CREATE RULE', 'CREATE SCHEMA', 'CREATE TABLE', 'CREATE TABLE AS',
      'CREATE TRIGGER', 'CREATE TYPE', 'CREATE VIEW', 'GRANT', 'IMPORT FOREIGN SCHEMA', 'REVOKE', 'SELECT INTO'
    )
    execute function passerelle.notify_ddl_v1();
  create event trigger passerelle_drop_v1 on sql_drop execute function passerelle.notify_ddl_v1();
end
$$;
