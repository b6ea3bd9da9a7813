-- What a REST read can touch: relationships to one and to many, through a table between, views of both kinds, computed
-- fields and relationships, functions.
create role shop_login login;
create role shop_visitor nologin;
create role shop_clerk nologin;
grant shop_visitor, shop_clerk to shop_login;
create schema shop;
grant usage on schema shop to shop_visitor, shop_clerk;

create table shop.makers (id int primary key, name text, account text);
create table shop.goods (id int primary key, maker_id int references shop.makers, name text, price int, cost int);
create table shop.labels (id int primary key, word text);
create table shop.labelled (good_id int references shop.goods, label_id int references shop.labels, note text,
  primary key (good_id, label_id));
create view shop.cheap with (security_invoker = true) as select id, name, price from shop.goods where price < 20;
create view shop.counted as select count(*) as goods from shop.goods;
create function shop.twice(shop.goods) returns int language sql stable as $$ select $1.price * 2 $$;
create function shop.rivals(shop.goods) returns setof shop.goods language sql stable as
  $$ select * from shop.goods where maker_id <> $1.maker_id $$;
create function shop.cheapest(most int default 1) returns setof shop.goods language sql stable security definer as
  $$ select * from shop.goods order by price limit most $$;
revoke execute on function shop.cheapest(int) from public;
grant execute on function shop.cheapest(int) to shop_clerk;

insert into shop.makers values (1, 'north', 'a1'), (2, 'south', 'a2');
insert into shop.goods values (1, 1, 'cup', 5, 2), (2, 1, 'pan', 25, 9), (3, 2, 'pot', 15, 6), (4, 2, 'lid', 3, 1);
insert into shop.labels values (1, 'new'), (2, 'old');
insert into shop.labelled values (1, 1, 'x'), (2, 2, 'y'), (3, 1, 'z');

alter table shop.goods enable row level security;
create policy sold on shop.goods for select to shop_visitor using (price > 4);
create policy fair on shop.goods as restrictive for select to shop_visitor using (price < 20);
create policy staff on shop.goods for all to shop_clerk using (true);
alter table shop.labels enable row level security;
grant select (id, maker_id, name, price) on shop.goods to shop_visitor;
grant select (id, name) on shop.makers to shop_visitor;
grant select on shop.labels, shop.labelled, shop.cheap, shop.counted to shop_visitor;
grant select on all tables in schema shop to shop_clerk;
