-- A small application: notes, who may read them, and what somebody might build around them.
create type public.mood as enum ('calm', 'angry');

create table public.notes (
  id integer primary key,
  owner uuid not null,
  title text not null default 'untitled',
  secret text,
  mood public.mood not null default 'calm',
  tags text[] not null default '{}',
  weight numeric,
  written_at timestamptz not null default '2024-01-01T00:00:00Z',
  unique (title)
);
create table public.shares (
  note integer not null references public.notes,
  reader uuid not null,
  primary key (note, reader)
);
insert into public.notes (id, owner, title) values
  (1, '11111111-1111-4111-8111-111111111111', 'of marie'),
  (2, '22222222-2222-4222-8222-222222222222', 'of karim'),
  (3, '22222222-2222-4222-8222-222222222222', 'of karim, shared');
insert into public.shares values (3, '11111111-1111-4111-8111-111111111111');

create function public.keep_titles() returns trigger language plpgsql as $$
begin
  if new.title = 'forbidden' then
    raise exception 'not this title' using errcode = 'PT409';
  end if;
  return new;
end
$$;
create trigger keep_titles before insert or update on public.notes
  for each row execute function public.keep_titles();

create view public.titles with (security_invoker = true) as select id, title from public.notes;

create table public.events (id integer, day date, owner uuid, primary key (id, day)) partition by range (day);
create table public.events_2024 partition of public.events for values from ('2024-01-01') to ('2025-01-01');
insert into public.events values (1, '2024-05-01', '11111111-1111-4111-8111-111111111111');

create table public.pins (
  id integer primary key, note integer references public.notes deferrable initially deferred
);
-- Everybody may read it who finds it.
create schema attic;
grant usage on schema attic to authenticated;
create table attic.boxes (id integer primary key);
insert into attic.boxes values (1);

create function public.add(a integer, b integer default 1) returns integer language sql as 'select a + b';
create function public.mine() returns setof integer language sql stable as
  'select id from public.notes where owner = auth.uid()';
create function public.fail(sqlstate text) returns void language plpgsql as $$
begin
  raise exception 'failed' using errcode = sqlstate;
end
$$;

-- What code might do to whoever calls it.
create function public.become_somebody_else() returns boolean language plpgsql as $$
begin
  perform set_config('request.jwt.claims', '{"sub": "22222222-2222-4222-8222-222222222222"}', false);
  perform set_config('request.jwt.claim.sub', '22222222-2222-4222-8222-222222222222', false);
  perform set_config('search_path', 'pg_temp', false);
  perform set_config('row_security', 'off', false);
  perform set_config('role', 'none', false);
  return true;
end
$$;
