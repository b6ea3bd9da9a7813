-- What answers may depend on, one table, view or function each. Every table tells of its changes; see `world.py`.
create schema other;
grant usage on schema other to anon, authenticated;

create table public.shared (
  id int primary key, label text, "at" timestamptz not null default '2001-01-01 12:00+00', span tstzrange, moments timestamptz[],
  data jsonb not null default '{}', price numeric not null default 1.10
);
insert into public.shared (id, label, data, span, moments)
  select n, 'label ' || n, jsonb_build_object('n', n), '[2001-01-01,2002-01-01)', '{2001-01-01}'
  from generate_series(1, 5) n;
create table public.parts (id int primary key, shared int references public.shared on delete cascade, label text);
insert into public.parts select n, n % 5 + 1, 'part ' || n from generate_series(1, 9) n;
create table public.tags (id int primary key, label text);
insert into public.tags values (1, 'one'), (2, 'two');
create table public.tagged (
  shared int references public.shared on delete cascade, tag int references public.tags, primary key (shared, tag)
);
insert into public.tagged values (1, 1), (2, 1), (2, 2);
create table other.shared (id int primary key, label text);
insert into other.shared values (1, 'of the other schema');

-- Rows by a claim: each policy reads another part of the token.
create table public.by_sub (id int primary key, owner text);
insert into public.by_sub values (1, 'anna'), (2, 'bert'), (3, 'é'), (4, 'é'), (5, '1'), (6, 'null');
create policy own on public.by_sub for select using (owner = auth.jwt() ->> 'sub');
create table public.by_org (id int primary key, org text);
insert into public.by_org values (1, '1'), (2, '1.0'), (3, 'true'), (4, 'x'), (5, '100'), (6, '1e2'),
  (7, '12345678901234567890123'), (8, '12345678901234567890124'), (9, '{"a": 1}'), (10, 'null');
create policy own on public.by_org for select using (org = auth.jwt() ->> 'org');
create table public.by_path (id int primary key, role text);
insert into public.by_path values (1, 'admin'), (2, 'user');
create policy own on public.by_path for select using (role = auth.jwt() -> 'app_metadata' ->> 'role');
create table public.by_role (id int primary key, role name);
insert into public.by_role values (1, 'anon'), (2, 'authenticated');
create policy own on public.by_role for select using (role = current_user);
create table public.by_list (id int primary key, owner text);
insert into public.by_list values (1, 'anna'), (2, 'bert');
create policy own on public.by_list for select using (exists (select from public.by_sub s where s.owner = by_list.owner));
create table public.by_setting (id int primary key);
insert into public.by_setting values (1);
create policy own on public.by_setting for select using (current_setting('app.x', true) is distinct from 'on');
create table public.by_header (id int primary key, wanted text);
insert into public.by_header values (1, 'a'), (2, 'b');
create policy own on public.by_header for select
  using (wanted = current_setting('request.headers', true)::json ->> 'x-wanted');
create table public.by_clock (id int primary key, until timestamptz);
insert into public.by_clock values (1, 'infinity'), (2, '2001-01-01');
create policy own on public.by_clock for select using (until > now());
create table public.by_luck (id int primary key);
insert into public.by_luck values (1);
create policy own on public.by_luck for select using (random() < 0.5);
create table public.by_members (id int primary key);
insert into public.by_members values (1);
create table public.members (owner text primary key);
insert into public.members values ('anna');
create function public.is_member() returns boolean language sql stable security definer set search_path = '' as
  $$ select exists (select from public.members where owner = auth.jwt() ->> 'sub') $$;
create policy own on public.by_members for select using (public.is_member());
create function public.hidden_claim() returns text language plpgsql stable as
  $$ begin return current_setting('request.jwt.claims', true)::json ->> 'org'; end $$;
create table public.by_code (id int primary key, org text);
insert into public.by_code values (1, 'x'), (2, 'y');
create policy own on public.by_code for select using (org = public.hidden_claim());
create function public.vouched_sub() returns text language plpgsql stable as
  $$ begin return current_setting('request.jwt.claims', true)::json ->> 'sub'; end $$;
create table public.by_vouched (id int primary key, owner text);
insert into public.by_vouched values (1, 'anna'), (2, 'bert'), (3, 'anna');
create policy own on public.by_vouched for select using (owner = public.vouched_sub());

-- Claims as they are, in every form.
create view public.claim_jsonb with (security_invoker) as select id, auth.jwt() -> 'org' as org from public.shared;
create view public.claim_json with (security_invoker) as
  select id, (current_setting('request.jwt.claims', true)::json -> 'org')::text as org from public.shared;
create view public.claim_nested with (security_invoker) as
  select id, (current_setting('request.jwt.claims', true)::json -> 'app_metadata')::text as claims from public.shared;
create view public.claim_keys with (security_invoker) as
  select id, auth.jwt() ? 'org' as there, auth.jwt() ->> 'org' is null as nothing from public.shared;
create view public.claims_whole with (security_invoker) as
  select id, current_setting('request.jwt.claims', true) as claims from public.shared where id = 1;
create view public.owned as select * from public.by_sub;
create view public.invoked with (security_invoker) as select * from public.by_sub;
create view public.who with (security_invoker) as select id, current_user::text as who from public.shared where id = 1;
create view public.where_from with (security_invoker) as select id, current_schema()::text as schema from public.shared;

-- Computed columns and relationships, functions, representations, operators.
create function public.mine(public.shared) returns text language sql stable as
  $$ select $1.label || coalesce(auth.jwt() ->> 'sub', '-') $$;
create function public.dated(public.shared) returns text language sql stable as $$ select now()::text $$;
create function public.owners(public.shared) returns setof public.by_sub language sql stable as $$ select * from by_sub $$;
create function public.everyone() returns setof public.by_sub language sql stable security definer
  set search_path = '' as $$ select * from public.by_sub $$;
create function public.mine_only(lowest int default 0) returns setof public.by_sub language sql stable as
  $$ select * from public.by_sub where id >= lowest $$;
create function public.greeting(name text) returns text language sql stable as $$ select 'hello ' || name $$;
create function public.since(start timestamptz) returns int language sql stable as
  $$ select count(*)::int from public.shared where "at" >= start $$;
create function public.vouched() returns text language plpgsql stable as
  $$ begin return (select string_agg(label, ',' order by id) from public.shared) || (auth.jwt() ->> 'sub'); end $$;
create function public.counted() returns int language plpgsql volatile security definer set search_path = '' as
  $$ begin insert into public.parts select max(id) + 1, 1, 'counted' from public.parts; return (select count(*) from public.parts); end $$;
create domain public.shout as text;
create function public.shout_json(public.shout) returns json language sql stable as
  $$ select to_json(upper($1::text) || coalesce(auth.jwt() ->> 'org', '')) $$;
create cast (public.shout as json) with function public.shout_json(public.shout) as implicit;
create table public.shouts (id int primary key, cry public.shout);
insert into public.shouts values (1, 'oh');

grant select on all tables in schema public, other to anon, authenticated;
grant insert, update, delete on public.shared, public.parts, public.tags, public.tagged, public.by_sub to authenticated;
revoke select on public.members from anon, authenticated;
grant execute on all functions in schema public to anon, authenticated;

do $$
declare
  each record;
  event text;
begin
  for each in select c.oid, c.relname from pg_class c
    where c.relnamespace in ('public'::regnamespace, 'other'::regnamespace) and c.relkind = 'r'
  loop
    foreach event in array array['insert', 'update', 'delete', 'truncate'] loop
      execute format(
        'create trigger touch_%1$s after %1$s on %2$s for each statement execute function passerelle.touch_v1(); '
        'alter table %2$s enable always trigger touch_%1$s',
        event, each.oid::regclass
      );
    end loop;
    if each.relname like 'by_%' then
      execute format('alter table %s enable row level security', each.oid::regclass);
    end if;
  end loop;
end
$$;

set search_path = '';
insert into passerelle.policy_applies (person, digest, plan, files, objects, changes, statements, rules)
select 'tests', '', '', '{}', '{}', '{}', '{}', jsonb_build_object(
  'tables', (
    select jsonb_object_agg(n.nspname || '.' || c.relname, '{"cache": {"ttl": 3600}}'::jsonb)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'other') and c.relkind in ('r', 'v')
  ),
  'functions', (
    select jsonb_object_agg(p.oid::regprocedure::text, '{"cache": {"ttl": 3600}}'::jsonb || case p.proname
      when 'vouched' then '{"reads": {"tables": ["public.shared"], "claims": ["sub"]}}'
      when 'vouched_sub' then '{"reads": {"claims": ["sub"]}}'
      when 'counted' then '{"reads": {"tables": ["public.parts"]}}'
      else '{}' end::jsonb)
    from pg_proc p where p.pronamespace = 'public'::regnamespace
  )
);
reset search_path;
