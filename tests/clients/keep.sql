-- The seeded rows, kept aside for tests that write: kept.restore() puts them back. kept.touched names the tables that
-- a committed statement was about, whether it changed a row or not.

create schema kept;
create table kept.touched (name text primary key);

create function kept.touch() returns trigger language plpgsql security definer as $$
begin
  insert into kept.touched values (tg_table_name) on conflict do nothing;
  return null;
end
$$;

do $$
declare
  kept text;
begin
  for kept in
    select relname from pg_catalog.pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r'
  loop
    execute format('create table kept.%1$I as table public.%1$I', kept);
    execute format(
      'create trigger touch after insert or update or delete on public.%I for each statement execute function kept.touch()',
      kept
    );
  end loop;
end
$$;

create function kept.restore() returns void language plpgsql set session_replication_role = replica as $$
declare
  kept text;
  columns text;
begin
  for kept in select name from kept.touched loop
    select string_agg(quote_ident(attname), ', ') into columns from pg_catalog.pg_attribute
    where attrelid = format('public.%I', kept)::regclass and attnum > 0 and not attisdropped and attgenerated = '';
    execute format('delete from public.%I', kept);
    execute format('insert into public.%1$I (%2$s) overriding system value select %2$s from kept.%1$I', kept, columns);
  end loop;
  delete from kept.touched;
end
$$;
