-- Rules and triggers for everything in `public`, so that whatever may be kept is kept. The clock stands still for an hour.
do $$
declare
  each record;
  event text;
begin
  for each in select c.oid, c.relname from pg_class c
    where c.relnamespace in ('public'::regnamespace, 'auth'::regnamespace, 'hublib'::regnamespace) and c.relkind in ('r', 'p')
  loop
    foreach event in array array['insert', 'update', 'delete', 'truncate'] loop
      execute format(
        'create trigger keep_%1$s after %1$s on %2$s for each statement execute function passerelle.touch_v1(); '
        'alter table %2$s enable always trigger keep_%1$s',
        event, each.oid::regclass
      );
    end loop;
  end loop;
end
$$;

set search_path = '';
insert into passerelle.policy_applies (person, digest, plan, files, objects, changes, statements, rules)
select 'tests', digest, plan, files, '{}', '{}', '{}',
  jsonb_set(
    jsonb_set(rules, '{tables}', coalesce(rules -> 'tables', '{}') || (
      select jsonb_object_agg(
        'public.' || c.relname, coalesce(rules -> 'tables' -> ('public.' || c.relname), '{}') || '{"cache": {"ttl": 3600, "clock": 3600}}'
      )
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
    )),
    '{functions}', coalesce(rules -> 'functions', '{}') || (
      select jsonb_object_agg(
        p.oid::regprocedure::text,
        coalesce(rules -> 'functions' -> p.oid::regprocedure::text, '{}') || '{"cache": {"ttl": 3600, "clock": 3600}}'
      )
      from pg_proc p where p.pronamespace = 'public'::regnamespace and p.provolatile <> 'v'
    )
  )
from passerelle.policy_applies order by number desc limit 1;
reset search_path;
