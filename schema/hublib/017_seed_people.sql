-- Demonstration data, part one: sixty people. For development and tests; every account has the password
-- "Passerelle-2025", so never load this where real people sign in.
--
-- All of the demonstration data is made by arithmetic: the same rows, ids and times on every machine, but for
-- analytics events, which are counted back from today so that something is trending.

create function hublib.seed_id(kind text, n bigint) returns uuid
language sql immutable
return (kind || '0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid;
comment on function hublib.seed_id(text, bigint) is
  'Id of the n-th demonstration row; kinds: 1 user, 2 resource, 3 group, 4 collection, 5 comment, 6 suggestion, …';

create function hublib.seed_user(n bigint) returns uuid
language sql immutable
return case n
  when 1 then '11111111-1111-4111-8111-111111111111'::uuid
  when 2 then '22222222-2222-4222-8222-222222222222'::uuid
  when 3 then '33333333-3333-4333-8333-333333333333'::uuid
  else hublib.seed_id('1', n)
end;
comment on function hublib.seed_user(bigint) is 'Id of the n-th demonstration user; 1 is marie, 2 karim, 3 the administrator';

create function hublib.seed_time(hours numeric) returns timestamptz
language sql immutable
return '2025-01-06 08:00:00+00'::timestamptz + make_interval(mins => (hours * 60)::integer);
comment on function hublib.seed_time(numeric) is 'A time in the demonstration''s year, 2025';

with people as (
  select 1 as n, 'Marie' as first_name, 'Lefèvre' as last_name, 'marie@hublib.example' as email
  union all
  select 2, 'Karim', 'Benali', 'karim@hublib.example'
  union all
  select 3, 'Nadia', 'Roussel', 'admin@hublib.example'
  union all
  -- Another Marie with the same local part: her user name becomes marie-2.
  select 4, 'Marie', 'Nguyen', 'marie@autre.example'
  union all
  select n, first_name, last_name,
    translate(lower(first_name || '.' || last_name), 'ÉéèêëïîôöûüçÀàâ -''', 'eeeeeiioouucaaa') || '@hublib.example'
  from generate_series(5, 60) as n
  cross join lateral (
    select
      (array[
        'Inès', 'Paul', 'Chloé', 'Lucas', 'Fatou', 'Hugo', 'Camille', 'Théo', 'Léa', 'Yanis', 'Manon', 'Mehdi',
        'Jeanne', 'Noé', 'Salomé', 'Bastien', 'Aïcha', 'Romain', 'Élodie', 'Gaël', 'Clara', 'Idriss', 'Zoé',
        'Antoine', 'Maëlys', 'Rachid', 'Juliette', 'Loïc'
      ])[1 + n % 28] as first_name,
      (array[
        'Morel', 'Girard', 'Diallo', 'Petit', 'Fournier', 'Da Silva', 'Lambert', 'Haddad', 'Mercier', 'Blanc',
        'Guérin', 'Traoré', 'Faure', 'Rousseau', 'Henry', 'Le Goff', 'Perrin', 'Chevalier', 'Masson'
      ])[1 + n % 19] as last_name
  ) as names
)
insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, confirmation_token, recovery_token,
  email_change_token_new, email_change, last_sign_in_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at
)
select
  '00000000-0000-0000-0000-000000000000', hublib.seed_user(n), 'authenticated', 'authenticated', email,
  '$2a$10$6Nj3s47ZCc/A2y1XgzbkiOHCCvbiTbVA/R9VDqAR/ViTU6.SWdabq', hublib.seed_time(n * 5), '', '', '', '',
  hublib.seed_time(8000 + n), '{"provider": "email", "providers": ["email"]}',
  jsonb_build_object(
    'sub', hublib.seed_user(n), 'email', email, 'email_verified', true, 'phone_verified', false,
    'full_name', first_name || ' ' || last_name
  ),
  hublib.seed_time(n * 5), hublib.seed_time(n * 5)
from people
order by n;

insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at, id)
select known.id::text, known.id, jsonb_build_object('sub', known.id, 'email', known.email, 'email_verified', true),
  'email', known.last_sign_in_at, known.created_at, known.updated_at, known.id
from auth.users as known
where known.email like '%@hublib.example' or known.email = 'marie@autre.example';

alter table public.profiles disable trigger touch_updated_at;
update public.profiles as person
set
  bio = (array[
    'Développeuse web, curieuse de tout.', 'Données le jour, musique la nuit.', null, 'Enseignant en lycée.',
    'J''aime les interfaces simples et les tests rapides.', null, 'Admin système, adepte de l''automatisation.',
    'Graphiste indépendante à Nantes.', 'Étudiant en master informatique.', null
  ])[1 + n % 10],
  github_username = case when n % 3 = 0 then replace(person.username, '.', '-') end,
  created_at = hublib.seed_time(n * 5),
  updated_at = hublib.seed_time(n * 5)
from generate_series(1, 60) as n
where person.id = hublib.seed_user(n);
alter table public.profiles enable trigger touch_updated_at;

alter table public.user_roles disable trigger touch_updated_at;
update public.user_roles as held
set
  role = coalesce(given.role::public.app_role, 'user'),
  expires_at = given.expires_at,
  created_at = hublib.seed_time(n * 5),
  updated_at = hublib.seed_time(n * 5)
from generate_series(1, 60) as n
left join (values
  (3, 'admin', null::timestamptz),
  (5, 'admin', '2025-03-01 00:00:00+00'),
  (6, 'moderator', null),
  (60, 'super_admin', null)
) as given (n, role, expires_at) using (n)
where held.user_id = hublib.seed_user(n);
alter table public.user_roles enable trigger touch_updated_at;
