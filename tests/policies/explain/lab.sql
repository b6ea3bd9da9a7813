-- A small application for random policies: rows with nulls, tables that policies look into and that have policies of
-- their own, functions that raise errors, that nobody may call, that take whole rows; roles that are members of others.
do $$
begin
  if to_regrole('lab_reader') is null then
    create role lab_reader nologin;
    create role lab_writer nologin;
    create role lab_person nologin;
    create role lab_guest nologin noinherit;
    create role lab_passer nologin bypassrls;
    create role lab_login login;
    grant lab_writer to lab_person;
    grant lab_reader to lab_writer;
    grant lab_reader to lab_guest;
  end if;
end
$$;
create schema lab;
create schema hidden; -- nobody but the owner may look into it
grant usage on schema lab to public;

create function lab.me() returns text language sql stable
  as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub' $$;
create function lab.picky(level int) returns boolean language plpgsql immutable as $$
begin
  if level > 3 then raise exception 'too much: %', level using errcode = 'LAB01'; end if;
  return level > 1;
end
$$;
create function hidden.secret_rule(kind text) returns boolean language sql immutable as $$ select kind = 'open' $$;
create function lab.forbidden() returns boolean language sql stable as $$ select true $$;
revoke execute on function lab.forbidden() from public;

create table lab.items (
  id int primary key,
  gone int,
  owner text,
  kind text default 'open',
  level int,
  tags text[],
  "Odd name" boolean not null default true,
  twice int generated always as (level * 2) stored,
  changes int not null default 0
);
alter table lab.items drop column gone;
create function lab.is_simple(item lab.items) returns boolean language sql stable as $$ select cardinality(item.tags) < 2 $$;
create function lab.count_changes() returns trigger language plpgsql as $$
begin
  new.changes := new.changes + 1;
  if new.kind = 'cursed' then raise exception 'no curses' using errcode = 'LAB02'; end if;
  if new.kind = 'shy' then new.owner := 'nobody'; end if;
  return new;
end
$$;
create trigger count_changes before insert or update on lab.items for each row execute function lab.count_changes();

create table lab.shares (item int, who text, rank int, primary key (item, who));
alter table lab.shares enable row level security;
create policy own on lab.shares for select to lab_reader using (who = lab.me());
create policy ranked on lab.shares as restrictive for select using (rank > 0);
grant select on lab.shares to lab_reader, lab_guest, lab_passer;
create table lab.bosses (who text primary key);
grant select on lab.bosses to public;
create table lab.closed (who text primary key);

insert into lab.items (id, owner, kind, level, tags, "Odd name") values
  (1, 'ann', 'open', 1, '{}', true), (2, 'ann', 'closed', 2, '{a}', false), (3, 'bob', 'open', null, null, true),
  (4, null, 'closed', 3, '{a,b}', true), (5, 'bob', null, 4, '{b}', false), (6, 'cat', 'open', 0, '{a}', true),
  (7, null, null, null, null, true);
insert into lab.shares values (2, 'bob', 1), (4, 'ann', 0), (4, 'bob', 2), (5, 'ann', 1), (7, 'cat', 1);
insert into lab.bosses values ('cat');
