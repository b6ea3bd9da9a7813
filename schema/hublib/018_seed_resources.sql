-- Demonstration data, part two: six hundred resources, forty subjects seen from fifteen angles.

with subjects (s, name, slug, category, tags, language) as (values
  (0, 'React', 'react', 'Développement', '{react,frontend,javascript}'::text[], 'TypeScript'),
  (1, 'TypeScript', 'typescript', 'Développement', '{typescript,javascript}', 'TypeScript'),
  (2, 'FastAPI', 'fastapi', 'Développement', '{python,api,backend}', 'Python'),
  (3, 'PostgreSQL', 'postgresql', 'Données', '{database,sql}', 'SQL'),
  (4, 'Docker', 'docker', 'Outils', '{devops,docker}', null),
  (5, 'Figma', 'figma', 'Design', '{ui,ux}', null),
  (6, 'Vue.js', 'vuejs', 'Développement', '{frontend,javascript,library}', 'JavaScript'),
  (7, 'Django', 'django', 'Développement', '{python,backend}', 'Python'),
  (8, 'Git', 'git', 'Outils', '{devops,open-source}', null),
  (9, 'Kubernetes', 'kubernetes', 'Outils', '{devops,backend}', 'YAML'),
  (10, 'l''accessibilité', 'accessibilite', 'Design', '{ux,frontend}', 'HTML'),
  (11, 'Flutter', 'flutter', 'Développement', '{mobile,ui}', 'Dart'),
  (12, 'Node.js', 'nodejs', 'Développement', '{javascript,backend}', 'JavaScript'),
  (13, 'Rust', 'rust', 'Développement', '{rust,open-source}', 'Rust'),
  (14, 'Go', 'go', 'Développement', '{go,backend}', 'Go'),
  (15, 'Tailwind CSS', 'tailwind', 'Design', '{frontend,ui,library}', 'CSS'),
  (16, 'l''apprentissage automatique', 'apprentissage', 'Learning', '{python,machine-learning}', 'Python'),
  (17, 'pandas', 'pandas', 'Données', '{python,library,data}', 'Python'),
  (18, 'Redis', 'redis', 'Données', '{database,backend}', null),
  (19, 'GraphQL', 'graphql', 'Développement', '{api,backend}', null),
  (20, 'Linux', 'linux', 'Learning', '{devops,open-source}', 'Shell'),
  (21, 'Ansible', 'ansible', 'Outils', '{devops}', 'YAML'),
  (22, 'la typographie', 'typographie', 'Design', '{ui,design}', null),
  (23, 'Blender', 'blender', 'Médias', '{3d,open-source}', null),
  (24, 'OpenStreetMap', 'openstreetmap', 'Données', '{data,open-source,api}', null),
  (25, 'les données publiques', 'donnees-publiques', 'Données', '{data,api}', null),
  (26, 'Supabase', 'supabase', 'Développement', '{api,database,backend}', 'TypeScript'),
  (27, 'Vite', 'vite', 'Outils', '{frontend,javascript}', 'TypeScript'),
  (28, 'Markdown', 'markdown', 'Documentation', '{tutorial}', null),
  (29, 'LaTeX', 'latex', 'Documentation', '{library}', 'TeX'),
  (30, 'les API REST', 'api-rest', 'Documentation', '{api,backend}', null),
  (31, 'SQL', 'sql', 'Learning', '{database,sql}', 'SQL'),
  (32, 'React Native', 'react-native', 'Développement', '{react,mobile}', 'TypeScript'),
  (33, 'Prometheus', 'prometheus', 'Outils', '{devops,monitoring}', null),
  (34, 'la vidéo en ligne', 'video', 'Médias', '{media}', null),
  (35, 'Inkscape', 'inkscape', 'Médias', '{design,open-source}', null),
  (36, 'les tests automatiques', 'tests', 'Learning', '{tutorial,backend}', 'Python'),
  (37, 'la rédaction technique', 'redaction', 'Documentation', '{tutorial}', null),
  (38, 'les tableaux de bord', 'tableaux-de-bord', 'Templates', '{ui,data,frontend}', 'JavaScript'),
  (39, 'les présentations', 'presentations', 'Templates', '{design}', null)
),
angles (a, title, description, type, tag) as (values
  (0, 'Débuter avec %s', 'Un premier pas vers %s, sans rien supposer de connu : installation, vocabulaire, premier exemple.',
    'external_link', 'tutorial'),
  (1, 'Guide pratique : %s', 'Tout ce qu''il faut pour travailler chaque jour avec %s, avec des exemples à copier.',
    'external_link', null),
  (2, '%s en production', 'Retour d''expérience de deux ans avec %s : déploiement, surveillance, sauvegardes.',
    'external_link', 'devops'),
  (3, 'Modèle de projet : %s', 'Un dépôt prêt à cloner pour commencer un projet avec %s.', 'github_repo', 'open-source'),
  (4, 'Antisèche : %s', 'Une page à imprimer qui résume %s.', 'file_upload', null),
  (5, 'Exercices corrigés : %s', 'Trente exercices sur %s, du plus simple au plus retors, avec leurs corrigés.',
    'file_upload', 'tutorial'),
  (6, 'Petits outils pour %s', 'Des scripts utiles autour de %s, publiés sous licence libre.', 'github_repo', 'open-source'),
  (7, 'Erreurs fréquentes : %s', 'Ce qui surprend tout le monde avec %s, et comment s''en sortir.', 'external_link', null),
  (8, 'Atelier d''une journée : %s', 'Le déroulé, les supports et les consignes d''un atelier sur %s.', 'file_upload', 'tutorial'),
  (9, 'En équipe : %s', 'Conventions et bonnes pratiques pour partager %s à plusieurs.', 'external_link', null),
  (10, 'Exemples commentés : %s', 'Une collection d''exemples courts sur %s, chacun expliqué ligne à ligne.', 'github_repo', null),
  (11, 'Aller plus vite avec %s', 'Mesures et astuces de performance autour de %s.', 'external_link', null),
  (12, 'Sécurité : %s', 'Les points à vérifier avant d''exposer %s au monde.', 'external_link', 'sécurité'),
  (13, 'En schémas : %s', 'Vingt planches illustrées pour comprendre %s.', 'file_upload', 'ui'),
  (14, 'Veille : %s', 'Articles, conférences et comptes à suivre au sujet de %s.', 'external_link', null)
),
numbered as (
  select n, n % 40 as s, (n + n / 40) % 15 as a, (n * 7919) % 1000 as popularity
  from generate_series(0, 599) as n
)
insert into public.resources (
  id, user_id, title, description, category, tags, resource_type, visibility, github_url, external_url, file_path,
  file_url, file_size, language, license, readme, views_count, downloads_count, created_at, updated_at
)
select
  hublib.seed_id('2', n + 1),
  hublib.seed_user(case when n % 20 = 0 then 1 when n % 25 = 1 then 2 else 4 + (n * 37) % 57 end),
  format(angle.title, subject.name),
  format(angle.description, subject.name),
  subject.category,
  case when angle.tag is null then subject.tags else subject.tags || angle.tag end,
  angle.type::public.resource_type,
  (case
    when n % 10 = 3 or n % 60 = 20 then 'private'
    when n % 20 = 7 then 'shared_users'
    when n % 20 = 17 then 'shared_groups'
    else 'public'
  end)::public.resource_visibility,
  case when angle.type = 'github_repo' then format('https://github.com/hublib-exemples/%s-%s', subject.slug, a) end,
  case when angle.type = 'external_link' then format('https://exemples.hublib.example/%s/%s', subject.slug, a) end,
  case when angle.type = 'file_upload' then format('fichiers/%s-%s.pdf', subject.slug, a) end,
  case when angle.type = 'file_upload' then format('https://fichiers.hublib.example/%s-%s.pdf', subject.slug, a) end,
  case when angle.type = 'file_upload' then format('%s Ko', 40 + n * 13 % 900) end,
  subject.language,
  (array['MIT', 'Apache-2.0', 'CC-BY-4.0', null])[1 + n % 4],
  case when angle.type = 'github_repo' or n % 4 = 0 then format(
    E'# %s\n\n%s\n\n## Contenu\n\n- une introduction à %s\n- des exemples commentés\n- une liste de lectures\n\n## Utilisation\n\nLisez dans l''ordre, ou piochez. Les remarques sont les bienvenues.\n',
    format(angle.title, subject.name), format(angle.description, subject.name), subject.name
  ) end,
  popularity * popularity / 400,
  popularity * popularity / 3000,
  hublib.seed_time(400 + n * 13.2),
  hublib.seed_time(400 + n * 13.2 + case when n % 5 = 0 then 30 else 0 end)
from numbered
join subjects as subject using (s)
join angles as angle using (a);

insert into public.resource_versions (
  id, resource_id, version_number, title, description, category, tags, github_url, external_url, language, readme,
  file_path, file_url, file_size, created_by, change_summary, created_at
)
select
  hublib.seed_id('e', n * 10 + version), edited.id, version, edited.title, edited.description, edited.category, edited.tags,
  edited.github_url, edited.external_url, edited.language, edited.readme, edited.file_path, edited.file_url,
  edited.file_size, edited.user_id,
  (array['Première version', 'Liens corrigés', 'Exemples ajoutés'])[version],
  edited.created_at + make_interval(hours => version * 6)
from generate_series(1, 600, 10) as n
join public.resources as edited on edited.id = hublib.seed_id('2', n)
cross join lateral generate_series(1, 1 + n % 3) as version;

insert into public.resource_templates (
  id, name, description, category, tags, language, icon, is_public, created_by, usage_count, template_data, created_at, updated_at
)
select
  hublib.seed_id('f', n), kind.name, kind.description, kind.category, kind.tags::text[], kind.language, kind.icon,
  n <> 6, hublib.seed_user(3), n * 11, jsonb_build_object('resource_type', kind.type), hublib.seed_time(n), hublib.seed_time(n)
from (values
  (1, 'Bibliothèque Python', 'Un paquet avec tests et documentation', 'Développement', '{python,library}', 'Python', 'package', 'github_repo'),
  (2, 'Application React', 'Une interface avec Vite et TypeScript', 'Développement', '{react,typescript}', 'TypeScript', 'layout', 'github_repo'),
  (3, 'Tutoriel', 'Un pas à pas avec objectifs et exercices', 'Learning', '{tutorial}', null, 'book', 'external_link'),
  (4, 'Jeu de données', 'Source, licence, dictionnaire des champs', 'Données', '{data}', null, 'database', 'file_upload'),
  (5, 'Maquette', 'Écrans et composants', 'Design', '{ui,ux}', null, 'image', 'file_upload'),
  (6, 'Note interne', 'Un brouillon de l''équipe', 'Documentation', '{}', null, 'file', 'external_link')
) as kind (n, name, description, category, tags, language, icon, type);

insert into public.category_hierarchy (id, name, description, "order", created_at, updated_at)
select hublib.seed_id('0', place), known.name, known.description, place, hublib.seed_time(0), hublib.seed_time(0)
from (
  select name, description, row_number() over (order by name collate "C") as place
  from public.category_tag_suggestions where type = 'category' and status = 'approved'
) as known;
insert into public.category_hierarchy (id, name, parent_id, "order", created_at, updated_at)
select hublib.seed_id('0', 100 + child.n), child.name, parent.id, child.n, hublib.seed_time(1), hublib.seed_time(1)
from (values
  (1, 'Développement', 'Web'), (2, 'Développement', 'Mobile'), (3, 'Développement', 'Systèmes'), (4, 'Design', 'Interfaces'),
  (5, 'Design', 'Illustration'), (6, 'Données', 'Cartographie'), (7, 'Données', 'Statistiques'), (8, 'Learning', 'Cours'),
  (9, 'Learning', 'Exercices'), (10, 'Outils', 'Ligne de commande'), (11, 'Médias', 'Vidéo'), (12, 'Médias', 'Son')
) as child (n, parent, name)
join public.category_hierarchy as parent on parent.name = child.parent and parent.parent_id is null;
insert into public.category_filters (id, category_id, filter_key, filter_label, filter_type, filter_options, "order", created_at, updated_at)
select hublib.seed_id('0', 200 + n), parent.id, key, label, type, options::text[], n, hublib.seed_time(2), hublib.seed_time(2)
from (values
  (1, 'Développement', 'language', 'Langage', 'multiselect', '{Python,TypeScript,Rust,Go}'),
  (2, 'Développement', 'license', 'Licence', 'select', '{MIT,Apache-2.0}'),
  (3, 'Données', 'updated', 'Mise à jour', 'date', null),
  (4, 'Données', 'size', 'Taille', 'range', null),
  (5, 'Learning', 'author', 'Auteur', 'text', null)
) as known (n, category, key, label, type, options)
join public.category_hierarchy as parent on parent.name = known.category and parent.parent_id is null;
