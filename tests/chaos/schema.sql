-- The checker's application. Rows move in and out of visibility by their own columns, by rows of other tables, by
-- cascades and by triggers. It stands in a database with the gateway's objects.

create table public.folders (
  id integer primary key,
  owner uuid not null,
  org text not null,
  visibility text not null,
  version bigint not null
);
create index on public.folders (owner);
create index on public.folders (org);

create table public.notes (
  id bigint primary key,
  folder integer not null references public.folders on delete cascade,
  version bigint not null
);
create index on public.notes (folder);

create table public.shares (
  folder integer not null references public.folders on delete cascade,
  member uuid not null,
  primary key (folder, member)
);
create index on public.shares (member);

-- Kept by triggers only.
create table public.folder_stats (
  folder integer primary key references public.folders on delete cascade,
  notes integer not null default 0,
  changes bigint not null default 0
);

create function public.count_notes() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  update public.folder_stats
  set notes = folder_stats.notes + case tg_op when 'INSERT' then 1 when 'DELETE' then -1 else 0 end,
    changes = changes + 1
  where folder = case tg_op when 'DELETE' then old.folder else new.folder end;
  return null;
end
$$;
create trigger count_notes after insert or update or delete on public.notes
  for each row execute function public.count_notes();

create function public.begin_stats() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.folder_stats (folder) values (new.id);
  return null;
end
$$;
create trigger begin_stats after insert on public.folders for each row execute function public.begin_stats();

create view public.open_folders as
select f.id, f.version, (select count(*) from public.notes n where n.folder = f.id)::integer as notes
from public.folders f
where f.visibility = 'public';

-- Takes some ten milliseconds, so that writes happen while it is answered.
create view public.slow_folders as
select f.id, f.version + 0 * (select count(*) from generate_series(1, 200000)) as version
from public.folders f
where f.visibility = 'public';

-- The rules' `sign` is part of this body.
create function public.folders_of(wanted uuid) returns table (id integer, version bigint)
language sql stable as $$
  select f.id, f.version * 1 from public.folders f where f.owner = wanted order by f.id
$$;

-- Opaque to the gateway; the policy file says what it reads.
create function public.folder_report(wanted integer) returns json
language plpgsql stable as $$
declare
  report json;
begin
  select json_build_object(
    'id', f.id, 'version', f.version, 'changes', s.changes,
    'notes', (select count(*) from public.notes n where n.folder = f.id),
    'shares', (select count(*) from public.shares h where h.folder = f.id)
  ) into report
  from public.folders f join public.folder_stats s on s.folder = f.id
  where f.id = wanted;
  return report;
end
$$;

-- A write to three tables.
create function public.publish_folder(wanted integer, new_version bigint, note bigint) returns void
language plpgsql as $$
begin
  update public.folders set visibility = 'public', version = new_version where id = wanted;
  insert into public.notes (id, folder, version) values (note, wanted, new_version);
end
$$;

-- Fences. A write says in the header X-Fence which number each of its folders' fences has. After a write whose outcome
-- is unknown, the checker raises the number: that waits for transactions under way, and later ones are refused. From
-- then on the folder is as it is, and the unknown write will never happen if it has not yet.
create schema chaos;
grant usage on schema chaos to public;
create table chaos.fences (folder integer primary key, number integer not null default 0);
create function chaos.pass_fence() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  changed jsonb := to_jsonb(case tg_op when 'DELETE' then old else new end);
  touched text := coalesce(changed ->> 'folder', changed ->> 'id');
  expected text := nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-fence';
  present integer;
begin
  if expected is not null then
    select number into strict present from chaos.fences f where f.folder = touched::integer for share;
    if present is distinct from (expected::jsonb ->> touched)::integer then
      raise exception 'fence % of folder % was raised to %', expected, touched, present using errcode = 'PT409';
    end if;
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$$;
create trigger pass_fence before insert or update or delete on public.folders
  for each row execute function chaos.pass_fence();
create trigger pass_fence before insert or update or delete on public.notes
  for each row execute function chaos.pass_fence();
create trigger pass_fence before insert or update or delete on public.shares
  for each row execute function chaos.pass_fence();
