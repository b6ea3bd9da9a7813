-- A thousand users with a hundred items each, half of them public; authors to embed.
create table authors (
    id bigint primary key,
    name text not null,
    country text not null
);
create table items (
    id bigint primary key,
    owner uuid not null,
    author_id bigint not null references authors (id),
    title text not null,
    body text not null,
    category text not null,
    visibility text not null,
    created_at timestamptz not null
);

insert into authors
select n, 'Author ' || n, (array['France', 'Belgique', 'Suisse', 'Canada'])[1 + n % 4]
from generate_series(1, 1000) as n;

insert into items
select
    n,
    ('00000000-0000-4000-8000-' || lpad(to_hex(n % 1000 + 1), 12, '0'))::uuid,
    n % 1000 + 1,
    'Item number ' || n,
    repeat('Lorem ipsum dolor sit amet. ', 4),
    (array['books', 'films', 'music', 'games', 'plans'])[1 + n % 5],
    case when n % 2 = 0 then 'public' else 'private' end,
    timestamptz '2026-01-01' + n * interval '1 minute'
from generate_series(1, 100000) as n;

create index on items (created_at desc);
create index on items (owner);
create index on items (category);
analyze authors, items;

alter table authors enable row level security;
alter table items enable row level security;
create policy everybody on authors for select using (true);
create policy public_or_mine on items for select using (visibility = 'public' or owner = (select auth.uid()));
grant select on authors, items to authenticated;
