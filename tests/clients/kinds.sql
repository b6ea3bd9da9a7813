-- Columns of kinds that Hub-Lib has none of, while clients have filters for them.

create table public.kinds (id integer primary key, during int4range, words tsvector, settings jsonb, done boolean);
insert into public.kinds values
  (1, '[0,10)', to_tsvector('french', 'Les chats dorment'), '{"theme": "dark", "size": 3, "tags": ["a", "b"]}', true),
  (2, '[10,20)', to_tsvector('french', 'Un chat et deux chiens'), '{"theme": "light", "size": 12}', false),
  (3, '[15,30)', to_tsvector('french', 'Les chiens courent vite'), '{"nested": {"deep": [1, 2]}}', null),
  (4, null, null, null, true);
grant select on public.kinds to anon;
