-- One of everything that a State tells of. @reader, @writer, @owner and @other are roles.
create schema api authorization @owner;
create schema hidden;
grant usage on schema api to @reader, public;
grant create on schema hidden to @reader;
create type api.mood as enum ('sad', 'ok');
create domain api.needed as text not null;
create domain api.given as text default 'x';
set role @owner;
create table api.parents (id int primary key, code text not null unique, "Odd ""name" int, dropped int, unique (id, code));
grant select (dropped) on api.parents to @reader;
alter table api.parents drop column dropped;
create unique index on api.parents ("Odd ""name") where id > 1;
create unique index on api.parents (lower(code));
create table api.items (
  id bigserial primary key, number int generated always as identity, twice int generated always as (4 * 2) stored,
  parent int references api.parents on delete cascade, second int default nextval('api.items_id_seq'),
  mood api.mood default 'ok', needed api.needed, given api.given, price numeric(8, 2)[] not null
);
alter table api.items add foreign key (parent, needed) references api.parents (id, code);
create index on api.items (parent, (second + 1), mood);
create index on api.items ((second + 1), parent);
create index on api.items (mood) include (given);
alter table api.items enable row level security;
alter table api.items force row level security;
grant select (id, parent), update (parent), insert on api.items to @reader;
grant insert (id) on api.items to @reader;
grant select on api.items to @writer with grant option;
grant all on api.items to public;
revoke select on api.items from public;
grant references (id) on api.items to public;
grant usage on sequence api.items_id_seq to @writer;
grant select on sequence api.items_id_seq to @reader;
create policy b on api.items for select to @writer, @reader using (parent > 1 and exists (select from api.parents p where p.id = parent));
create policy a on api.items as restrictive for update using (true) with check (second = 1);
create policy c on api.items for insert with check (true);
create policy d on api.items for delete to public using (mood = 'sad');
create policy e on api.items to current_user using (false);
create function api.touch() returns trigger language plpgsql as 'begin return null; end';
create trigger passerelle_b after insert on api.items execute function api.touch();
create trigger passerelle_a_v1 after insert on api.items execute function api.touch();
create trigger passerellex after insert on api.items execute function api.touch();
create table api.parts (id int, region text, primary key (id, region)) partition by list (region);
create table api.parts_eu partition of api.parts for values in ('eu');
create table api.refers (id int, region text, foreign key (id, region) references api.parts);
create table api.child () inherits (api.parents);
create view api.plain as select p.id, i.mood from api.parents p join api.items i on i.parent = p.id where i.id in (select id from api.parts);
create view api.invoker with (security_invoker = on) as select * from api.plain;
create materialized view api.stored as select count(*) from api.invoker;
create function api.called(int) returns int immutable language sql as 'select $1';
create function api.called(text) returns text language plpgsql as 'begin return $1; end';
create function api.body(a int, b text default 'x') returns setof api.parents language sql stable security definer
  set search_path = api, "Odd, schema"
  begin atomic select p.* from api.parents p where p.id = api.called(a); end;
create procedure api."Do it"(x api.mood) language sql as '';
create aggregate api.last(int) (sfunc = int4larger, stype = int);
revoke execute on function api.called(int) from public;
grant execute on function api.called(int) to @reader, @writer;
reset role;
create foreign data wrapper nothing;
create server nowhere foreign data wrapper nothing;
create foreign table hidden.outside (id int) server nowhere;
create table hidden.unread (id serial, loose int default 1);
create sequence hidden.shared;
create table hidden.borrows (id int default nextval('hidden.shared'), other int default nextval('hidden.unread_id_seq'));
create temporary table gone (id int);
alter default privileges for role @owner in schema api grant select, insert on tables to @reader;
alter default privileges for role @owner grant usage on sequences to @writer;
alter default privileges for role @owner grant execute on functions to @reader;
grant @reader to @writer;
grant @writer to @other;
create extension pg_trgm schema hidden;
