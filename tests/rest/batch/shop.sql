-- A shop: what batches are for. Roles are those of the gateway's own migrations.
grant usage on schema public to anon, authenticated, service_role;

create table public.orders (
  id bigint generated always as identity primary key,
  owner text not null default (current_setting('request.jwt.claims', true)::json ->> 'sub'),
  status text not null default 'open',
  total numeric,
  tags text[],
  meta jsonb
);
alter table public.orders enable row level security;
create policy mine on public.orders to authenticated using (owner = (select auth.jwt() ->> 'sub'))
  with check (owner = (select auth.jwt() ->> 'sub'));

create table public.lines (
  id bigint generated always as identity primary key,
  order_id bigint not null references public.orders on delete cascade,
  product text not null,
  quantity integer not null default 1 check (quantity > 0)
);
create table public.stock (product text primary key, amount integer not null check (amount >= 0));
create table public.pledges (
  id integer primary key,
  order_id bigint references public.orders deferrable initially deferred
);
create table public.texts (id integer primary key, line text, data json, price numeric);
create table public.calls (name text);

create schema archive;
create table archive.orders (id bigint primary key, title text);
grant usage on schema archive to authenticated;

grant select, insert, update, delete on public.orders, public.lines, public.stock, public.pledges, public.texts,
  archive.orders to authenticated;
grant select on public.stock to anon;
grant insert on public.calls to authenticated;

create function public.add(a integer, b integer) returns integer immutable language sql as 'select a + b';
create function public.echo(line text) returns text immutable language sql as 'select line';
create function public.nap(seconds double precision) returns text language sql as
  'select pg_sleep(seconds)::text';
create function public.scribble() returns void language sql as $$ insert into public.calls values ('scribble') $$;
create function public.misbehave(command text) returns text language plpgsql as $$
begin
  execute command;
  return 'done';
end $$;
create function public.asked() returns json language sql as $$
  select json_build_object(
    'method', current_setting('request.method', true),
    'path', current_setting('request.path', true),
    'agent', current_setting('request.headers', true)::json ->> 'user-agent',
    'role', current_user,
    'sub', current_setting('request.jwt.claims', true)::json ->> 'sub',
    'schema', current_schema,
    'timezone', current_setting('timezone'),
    'timeout', current_setting('statement_timeout'),
    'isolation', current_setting('transaction_isolation'),
    'transaction', pg_current_xact_id()::text)
$$;
create function public.strict_asked() returns json language sql
  set default_transaction_isolation = 'serializable' as 'select public.asked()';
create function public.dressed() returns text language plpgsql as $$
begin
  perform set_config('response.headers', '[{"X-Shelf": "7"}]', true);
  perform set_config('response.status', '418', true);
  return 'teapot';
end $$;
create function public.before_each() returns void language sql as $$
  insert into public.calls values (current_setting('request.path'))
$$;
-- Lets omar ask as the anonymous role, and tom as ines.
create function public.demote() returns void language plpgsql as $$
declare
  sub text := current_setting('request.jwt.claims', true)::json ->> 'sub';
begin
  if sub = 'omar' then
    perform set_config('role', 'anon', true);
  elsif sub = 'tom' then
    perform set_config('request.jwt.claims', '{"role": "authenticated", "sub": "ines"}', true);
  end if;
end $$;
create domain public."text/html" as text;
create domain public."application/octet-stream" as bytea;
create function public.page() returns public."text/html" language sql as $$ select '<p>été</p>'::public."text/html" $$;
create function public.logo() returns public."application/octet-stream" language sql
  as $$ select '\x89504e47'::bytea::public."application/octet-stream" $$;
create function public.size_of(bytea) returns integer immutable language sql as 'select length($1)';
