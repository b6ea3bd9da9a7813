-- Tables whose policies are hard to print.
create schema other;
create schema extensions;
create schema "Odd ""schema""";
create type public.mood as enum ('sad', 'ok');
create type other.pair as (a int, b text);
create domain public.yes_no as boolean;
create domain public.short as varchar(7);
create collation public.plain (locale = 'C');

create table public.resources (
  id uuid primary key, user_id uuid not null, parent_id uuid, visibility text not null, kind varchar(20),
  code char(3), tags text[], moods public.mood[], mood public.mood, pair other.pair, flag boolean, choice public.yes_no,
  nick public.short, n int, price numeric(8, 2), flags bit(5), data jsonb, made_at timestamptz, day date,
  span interval day to second, name text collate public.plain, gone int, "char" "char", "Quoted col" int, "select" boolean,
  twice int generated always as (n * 2) stored, address inet, "we""ird" text
);
alter table public.resources drop column gone;
create table public.shares (resource_id uuid, user_id uuid, resources int, n int, can_write boolean);
create index second on public.shares (n);
create table public."Odd ""table""" (id int, "Odd ""table""" int, "A b" boolean);
create table "Odd ""schema""".things (id int, ok boolean);
create table other.resources (id uuid, visibility text, n int);
create table other.alone (id int, parent int, ok boolean);
create table other.second (id int, ok boolean);
create table public.parted (id int, region text, ok boolean) partition by list (region);
create table public.parted_eu partition of public.parted for values in ('eu');
create table public.empty ();
create table public.date (id int, day date);
create table public.child (extra int) inherits (public.shares);
create view public.seen as select id, visibility from public.resources;

create function public.visible(r public.resources) returns boolean language sql stable as 'select true';
create function public.full_name(r public.resources) returns text language sql stable as 'select r.kind';
create function public.takes_odd(public."Odd ""table""") returns boolean language sql as 'select true';
create function public.anything(r anyelement) returns boolean language sql as 'select true';
create function public.picked(r anyelement) returns boolean language sql as 'select true';
create function extensions.picked(r public.resources) returns boolean language sql as 'select true';
create function public.same(a anyelement, b anyelement) returns boolean language sql as 'select true';
create function public.defaulted(a int, b int default 3, variadic c int[] default '{}') returns boolean
  language sql as 'select true';
create function public.named(a int, b int default 3) returns boolean language sql as 'select true';
create function public.mine() returns uuid language sql stable as 'select null::uuid';
create function public.many() returns setof uuid language sql stable as 'select null::uuid';
create function other.lower(text) returns text language sql as 'select $1';
create function public.near(int, int) returns boolean language sql as 'select true';
create operator public.<~> (leftarg = int, rightarg = int, function = public.near);

create foreign data wrapper nothing;
create server nowhere foreign data wrapper nothing;
create foreign table public.outside (id uuid, visibility text) server nowhere;
