-- A lending library. Clerks work with all of it, readers look around, strangers have no grants but PUBLIC's.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['openapi_clerk', 'openapi_reader', 'openapi_stranger', 'openapi_login'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            execute format('create role %I', wanted);
        end if;
    end loop;
end $$;
alter role openapi_login login noinherit;
grant openapi_clerk, openapi_reader, openapi_stranger to openapi_login;

create schema library;
comment on schema library is E'Town library\n\nLoans and books.\nOpen daily.';
create schema archive;
create schema shared;
grant usage on schema library, archive, shared to public;

create type library.condition as enum ('new', 'worn', 'lost');
create type shared.isbn as (prefix text, rest text);
create domain shared.title as varchar(80);

create table library.authors (id bigint primary key, name text not null);
comment on table library.authors is E'Who wrote it\n\n\nLiving and dead.\nMostly dead.';
comment on column library.authors.name is 'As printed';

create table library.books (
    id integer generated always as identity primary key,
    title shared.title not null,
    author_id bigint references library.authors,
    shelf char(2) default 'A1',
    condition library.condition not null default 'new',
    pages smallint default 100,
    price numeric(6, 2) default 9.5,
    lent boolean default false,
    tags text[] default '{}',
    editions library.condition[],
    extra jsonb default '{"a": 1}',
    note text default 'it''s here',
    added timestamptz default now(),
    debt integer default -1
);
comment on column library.books.author_id is 'May be unknown';

create table library.covers (
    book_id integer primary key references library.books,
    picture bytea
);
create table library.shelf_marks (a integer, b integer, primary key (a, b));
create table library.loans (
    a integer,
    b integer,
    book_id integer references library.books,
    foreign key (a, b) references library.shelf_marks
);
create view library.lent_books as select id, author_id, title from library.books where lent;
create view library.book_counts as select count(*) as n from library.books;
create materialized view library.titles as select title from library.books;
create table library."odd/name~ %1" ("a/b" integer primary key, "c d" integer);
create table library.staff_notes (id integer, text text);
create table archive.ledgers (id integer);
create table archive.books (burnt boolean);
create function archive.burn(volume integer) returns void language sql begin atomic select; end;

create function library.find_books(
    words text, condition library.condition default 'new', variadic tags text[] default '{}'
) returns setof library.books language sql stable begin atomic select * from library.books; end;
comment on function library.find_books is E'Search\nBy words.';
create function library.lend(book integer, until date, who json) returns void language sql begin atomic select; end;
create function library.lend(book integer) returns void language sql begin atomic select; end;
create function library.open_hours() returns text language sql immutable return '9-17';
create function library.measure(book shared.isbn, inout width real, out height real)
    language sql stable begin atomic select 1, 1; end;
create function library.purge() returns void language sql begin atomic select; end;
create function library.on_lend() returns trigger language plpgsql as 'begin return new; end';

grant all on all tables in schema library, archive to openapi_clerk;
grant select on library.books, library.authors, library.covers, library.lent_books to openapi_reader;
grant select (id) on library.staff_notes to openapi_reader;
revoke all on library."odd/name~ %1" from openapi_reader;
revoke execute on function library.purge(), library.lend(integer, date, json) from public;
grant execute on function library.purge(), library.lend(integer, date, json) to openapi_clerk;
