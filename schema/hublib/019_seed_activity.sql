-- Demonstration data, part three: what sixty people did with the resources in a year.

insert into public.groups (id, name, description, owner_id, created_at, updated_at)
select hublib.seed_id('3', g), known.name, known.description, hublib.seed_user(g), hublib.seed_time(g * 40), hublib.seed_time(g * 40)
from (values
  (1, 'Équipe Données', 'Analyse et jeux de données'), (2, 'Atelier Web', 'Interfaces et accessibilité'),
  (3, 'Modération', 'Celles et ceux qui relisent'), (4, 'Promo 2025', 'Étudiants du master'),
  (5, 'Libre à Nantes', 'Logiciels libres en Pays de la Loire'), (6, 'Club Rust', null),
  (7, 'Cartographes', 'OpenStreetMap et compagnie'), (8, 'Profs d''info', 'Supports de cours'),
  (9, 'DevOps francophone', null), (10, 'Studio Design', 'Maquettes et typographie'),
  (11, 'Lecture technique', 'Un livre par mois'), (12, 'Bac à sable', 'Pour essayer')
) as known (g, name, description);

insert into public.group_members (id, group_id, user_id, role, added_at)
select hublib.seed_id('a', g * 100 + j), hublib.seed_id('3', g), hublib.seed_user(member.n),
  (case when j = 1 then 'admin' else 'member' end)::public.group_role, hublib.seed_time(g * 40 + j * 9)
from generate_series(1, 12) as g
cross join generate_series(1, 7) as j
cross join lateral (select case when g = 1 and j = 1 then 2 else 13 + (g * 11 + j * 7) % 47 end as n) as member;

-- Each resource that is shared has its share; some have run out, and one private resource of marie's is open to karim.
insert into public.resource_shares (id, resource_id, shared_with_user_id, permission, expires_at, created_at)
select hublib.seed_id('b', n * 10 + j), shared.id, recipient.id,
  (case when n % 3 = 0 then 'write' else 'read' end)::public.permission_type,
  (array[null, '2025-11-30 23:00:00+00', '2099-12-31 23:00:00+00']::timestamptz[])[1 + n / 20 % 3], shared.created_at + make_interval(hours => j)
from generate_series(1, 600) as n
join public.resources as shared on shared.id = hublib.seed_id('2', n) and shared.visibility = 'shared_users'
cross join generate_series(1, 2) as j
cross join lateral (select hublib.seed_user(case j when 1 then 1 + n / 20 % 2 else 5 + (n * 7) % 50 end) as id) as recipient
where recipient.id <> shared.user_id;
insert into public.resource_shares (id, resource_id, shared_with_group_id, created_at)
select hublib.seed_id('b', 10000 + n), shared.id, hublib.seed_id('3', 1 + n / 20 % 12), shared.created_at + interval '1 hour'
from generate_series(1, 600) as n
join public.resources as shared on shared.id = hublib.seed_id('2', n) and shared.visibility = 'shared_groups';
insert into public.resource_shares (id, resource_id, shared_with_user_id, permission, created_at)
values (hublib.seed_id('b', 20000), hublib.seed_id('2', 21), hublib.seed_user(2), 'write', hublib.seed_time(700));

insert into public.resource_comments (id, resource_id, user_id, parent_id, content, created_at, updated_at)
select hublib.seed_id('5', n * 10 + k), discussed.id, hublib.seed_user(1 + (n * 11 + k * 17) % 60),
  case when k % 3 <> 1 then hublib.seed_id('5', n * 10 + k - 1) end,
  (array[
    'Très clair, merci !', 'Exactement ce que je cherchais.', 'Le lien de la troisième partie ne répond plus.',
    'Je l''utilise en cours depuis septembre, les élèves apprécient.', 'Une version plus récente est-elle prévue ?',
    'Oui, au printemps si tout va bien.', 'J''ajouterais un exemple avec des erreurs réseau.', 'Bien vu, c''est corrigé.',
    'Un peu rapide sur l''installation sous Windows.', 'Merci pour le partage.', 'Quelle licence pour les images ?',
    'CC-BY, je l''ai précisé dans la description.', 'La partie sur les tests est excellente.',
    'J''ai proposé une traduction.', 'Attention : la commande a changé depuis la version 3.',
    'Parfait pour une première lecture.', 'Je reste sur ma faim, il manque la pratique.'
  ])[1 + (n * 5 + k * 3) % 17],
  discussed.created_at + make_interval(hours => k * 5, mins => n % 50),
  discussed.created_at + make_interval(hours => k * 5 + case when n % 9 = 0 and k = 2 then 2 else 0 end, mins => n % 50)
from generate_series(1, 600) as n
join public.resources as discussed on discussed.id = hublib.seed_id('2', n) and discussed.visibility = 'public'
cross join lateral generate_series(1, n * 13 % 7) as k;

insert into public.resource_ratings (id, resource_id, user_id, rating, created_at, updated_at)
select hublib.seed_id('7', n * 100 + j), rated.id, hublib.seed_user(1 + (n * 7 + j * 13) % 60), 5 - (n + j * j) % 7 / 2,
  rated.created_at + make_interval(hours => j * 8), rated.created_at + make_interval(hours => j * 8)
from generate_series(1, 600) as n
join public.resources as rated on rated.id = hublib.seed_id('2', n) and rated.visibility = 'public'
cross join lateral generate_series(1, n * 5 % 9) as j;

insert into public.saved_resources (id, user_id, resource_id, created_at)
select hublib.seed_id('8', u * 100 + j), hublib.seed_user(u), kept.id, kept.created_at + make_interval(hours => u)
from generate_series(1, 60) as u
cross join generate_series(1, 25) as j
join public.resources as kept on kept.id = hublib.seed_id('2', 1 + (u * 31 + j * 23) % 600) and kept.visibility = 'public';

insert into public.collections (id, name, description, user_id, is_public, created_at, updated_at)
select hublib.seed_id('4', c),
  (array['À lire', 'Pour mes cours', 'Projet de l''été', 'Inspirations', 'Boîte à outils', 'Références', 'Découvertes',
    'Pour l''équipe'])[1 + c % 8] || case when c > 8 then ' ' || (c / 8 + 1) else '' end,
  case when c % 2 = 0 then 'Une sélection tenue à jour.' end, hublib.seed_user(1 + c * 11 % 60), c % 3 <> 0,
  hublib.seed_time(c * 90), hublib.seed_time(c * 90 + 40)
from generate_series(1, 80) as c;
insert into public.collection_resources (id, collection_id, resource_id, added_at, "order")
select hublib.seed_id('c', c * 100 + j), hublib.seed_id('4', c), chosen.id, hublib.seed_time(c * 90 + j), j - 1
from generate_series(1, 80) as c
cross join generate_series(1, 10) as j
join public.resources as chosen on chosen.id = hublib.seed_id('2', 1 + (c * 17 + j * 29) % 600) and chosen.visibility = 'public';

insert into public.category_tag_suggestions (id, type, name, description, status, suggested_by, created_at, updated_at)
select hublib.seed_id('6', n), known.type::public.suggestion_type, known.name, known.description,
  known.status::public.suggestion_status, hublib.seed_user(n), hublib.seed_time(5000 + n * 24), hublib.seed_time(5000 + n * 24)
from (values
  (1, 'category', 'Sécurité', 'Protéger ses systèmes et ses données', 'pending'),
  (2, 'tag', 'machine learning', 'Apprentissage automatique', 'pending'),
  (4, 'tag', 'docker', 'Conteneurs', 'pending'),
  (5, 'filter', 'API REST', 'Par type d''interface', 'pending'),
  (6, 'category', 'Jeux', 'Moteurs et graphismes', 'pending'),
  (7, 'tag', 'accessibilité', null, 'pending'),
  (8, 'tag', 'rust', 'Autour de Rust', 'pending'),
  (9, 'filter', 'Durée de lecture', null, 'pending'),
  (10, 'resource_type', 'vidéo', 'Vidéos hébergées ailleurs', 'pending'),
  (11, 'tag', 'divers', 'Tout le reste', 'rejected'),
  (12, 'category', 'Humour', null, 'rejected'),
  (13, 'filter', 'Couleur', null, 'rejected')
) as known (n, type, name, description, status);

insert into public.suggestion_votes (id, suggestion_id, user_id, vote_type, created_at)
select hublib.seed_id('9', place * 100 + j), judged.id, hublib.seed_user(1 + (place * 7 + j * 13) % 60),
  (case when (place + j) % 4 = 0 then 'downvote' else 'upvote' end)::public.vote_type, hublib.seed_time(6000 + j)
from (
  select id, status, row_number() over (order by type, name collate "C") as place from public.category_tag_suggestions
) as judged
cross join lateral generate_series(1, case judged.status when 'approved' then 5 + judged.place * 11 % 20 else 4 end) as j;

-- The triggers wrote the notifications a moment ago; give them the year's times, and ids that can be quoted.
update public.notifications as told
set
  id = hublib.seed_id('d', renumbered.place),
  created_at = renumbered.at,
  is_read = renumbered.at < '2025-10-01 00:00:00+00' or renumbered.place % 3 = 0
from (
  select note.id, numbers.place,
    coalesce(about.created_at, team.created_at, hublib.seed_time(6000)) + make_interval(hours => (numbers.place % 40)::integer) as at
  from public.notifications as note
  join (
    select id, row_number() over (order by user_id, type, resource_id, group_id, message collate "C") as place
    from public.notifications
  ) as numbers using (id)
  left join public.resources as about on about.id = note.resource_id
  left join public.groups as team on team.id = note.group_id
) as renumbered
where told.id = renumbered.id;

insert into public.analytics_events (id, event, user_id, resource_id, created_at)
select hublib.seed_id('a', 100000 + i), case when i % 6 = 0 then 'resource_download' else 'resource_view' end,
  case when i % 3 <> 0 then hublib.seed_user(1 + i / 3 % 60) end, seen.id, now() - make_interval(mins => i * 53)
from generate_series(1, 800) as i
join public.resources as seen on seen.id = hublib.seed_id('2', 1 + i * i % 600);
