-- Functions, views and triggers that write in every way, and some that try to hide it. After `world.sql`.
create view public.labels as select id, upper(label) as label from public.shared;
create function public.write_label() returns trigger language plpgsql as
  $$ begin update public.shared set label = lower(new.label) where id = old.id; return new; end $$;
create trigger instead instead of update on public.labels for each row execute function public.write_label();
grant select, update on public.labels to authenticated;

create table public.log (id int generated always as identity primary key, what text);
grant select on public.log to anon, authenticated;
create function public.log_it() returns trigger language plpgsql security definer as
  $$ begin insert into public.log (what) values (tg_op || ' ' || tg_table_name); return null; end $$;
create trigger log_it after insert or update or delete on public.tags for each row execute function public.log_it();

create table public.later (id int primary key, label text);
grant select, insert, update, delete on public.later to authenticated;
create function public.count_later() returns trigger language plpgsql security definer as $$
  begin
    if new.label = 'refuse' then raise exception 'refused at the end'; end if;
    insert into public.log (what) values ('later ' || new.id);
    return null;
  end
$$;
create constraint trigger at_the_end after insert or update on public.later deferrable initially deferred
  for each row execute function public.count_later();
-- Makes constraints deferred again while those of the transaction are checked, and writes with one.
create table public.latest (id int primary key);
grant select, insert on public.latest to authenticated;
create function public.defer_again() returns trigger language plpgsql security definer as $$
  begin
    set constraints all deferred;
    insert into public.later values (1000 + new.id, 'from ' || new.id);
    return null;
  end
$$;
create constraint trigger at_the_end after insert on public.latest deferrable initially deferred
  for each row execute function public.defer_again();

-- Whose last part waits for whoever has the lock 7.
create table public.slow (id int primary key);
grant select, insert on public.slow to authenticated;
create function public.wait() returns trigger language plpgsql as
  $$ begin perform pg_advisory_xact_lock(7); return null; end $$;
create constraint trigger at_the_end after insert on public.slow deferrable initially deferred
  for each row execute function public.wait();

create function public.write_and(what text) returns text language plpgsql security definer set search_path = public as $$
  begin
    update public.shared set label = label || '+' where id = 1;
    execute what;
    return (select label from public.shared where id = 1);
  end
$$;
create function public.write_bare(what text) returns text language plpgsql as $$
  begin
    update public.shared set label = label || '+' where id = 1;
    execute what;
    return (select label from public.shared where id = 1);
  end
$$;
create function public.empty_tags() returns void language plpgsql security definer as $$ begin truncate public.tagged; end $$;
create function public.merge_parts() returns void language sql security definer as $$
  merge into public.parts p using (values (1, 'merged'), (77, 'new')) as v (id, label) on p.id = v.id
  when matched then update set label = v.label when not matched then insert values (v.id, 1, v.label)
$$;
create function public.write_two() returns void language plpgsql security definer as $$
  begin
    update public.shared set label = label || '2' where id = 2;
    begin
      update public.parts set label = 'lost';
      raise 'undone';
    exception when raise_exception then null;
    end;
    insert into public.by_sub select max(id) + 1, 'anna' from public.by_sub;
  end
$$;
grant execute on all functions in schema public to anon, authenticated;

do $$
declare
  each text;
  event text;
begin
  foreach each in array array['log', 'later', 'latest', 'slow'] loop
    foreach event in array array['insert', 'update', 'delete', 'truncate'] loop
      execute format(
        'create trigger touch_%1$s after %1$s on public.%2$s for each statement execute function passerelle.touch_v1(); '
        'alter table public.%2$s enable always trigger touch_%1$s',
        event, each
      );
    end loop;
  end loop;
end
$$;

set search_path = '';
insert into passerelle.policy_applies (person, digest, plan, files, objects, changes, statements, rules)
select 'tests', '', '', '{}', '{}', '{}', '{}', jsonb_build_object('functions', rules -> 'functions', 'tables', (
  select jsonb_object_agg(n.nspname || '.' || c.relname, '{"cache": {"ttl": 3600}}'::jsonb)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('public', 'other') and c.relkind in ('r', 'v')
))
from passerelle.policy_applies order by number desc limit 1;
reset search_path;
