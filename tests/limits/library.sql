create table public.books (id integer primary key, title text not null);
insert into public.books select n, 'Book ' || n from generate_series(1, 50) n;
create table public.loans (id bigint generated always as identity primary key, book_id integer references public.books);
create table public.notes (id integer primary key, line text);
insert into public.notes values (1, 'one');

create function public.shelf(n integer) returns setof public.books stable language sql as
  'select * from public.books where id <= n';
create function public.lend(book_id integer) returns bigint volatile language sql as
  'insert into public.loans (book_id) values (lend.book_id) returning id';
create function public.count_books() returns bigint stable language sql as 'select count(*) from public.books';

grant select on public.books, public.notes to service_role;
