create extension ltree;
create extension hstore;
create extension citext;
create extension pg_trgm;
create schema app;
create type app.mood as enum ('sad', 'ok', 'happy');
create type app.address as (street text, town text);
create table app.items (
  id uuid primary key, owner uuid, n integer, m bigint, x double precision, d numeric, s text, v varchar(20), c char(3),
  flag boolean, other boolean, day date, ts timestamp, tz timestamptz, hour time, span interval, tags text[], nums int[],
  j json, jb jsonb, ip inet, net cidr, place point, area box, outline polygon, ring circle, r int4range, mr int4multirange,
  during tstzrange, tsv tsvector, bits bit(4), raw bytea, way ltree, ways ltree[], hs hstore, feeling app.mood,
  home app.address, doc xml, price money, email citext, "Mixed Case" text, "select" boolean, year integer, type text,
  name text, value text, status text, role text, level integer, date date, key text, "user" text, position integer
);
create table app.members (group_id uuid, user_id uuid, role text, until timestamptz, id uuid);
create table app.shares (item_id uuid, user_id uuid, until timestamptz, permission text);
create function app.me() returns uuid language sql stable as $$ select nullif(current_setting('app.me', true), '')::uuid $$;
create function app.claim(text) returns text language sql stable as $$ select current_setting('app.' || $1, true) $$;
create function app.is_admin() returns boolean language sql stable as $$ select current_setting('app.admin', true) = 'yes' $$;
create function app.can(uuid, what text default 'read') returns boolean language sql stable as $$ select $1 is not null $$;
create function app.mine() returns setof uuid language sql stable as $$ select id from app.items $$;
create function app.any_of(variadic text[]) returns boolean language sql stable as $$ select cardinality($1) > 0 $$;
create operator app.=== (leftarg = text, rightarg = text, function = pg_catalog.texteq);
