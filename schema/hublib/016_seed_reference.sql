-- What the application expects to find: its vocabulary and its settings. An empty table would make the browser of the
-- first visitor write these rows.

insert into public.category_tag_suggestions (type, name, description, status, votes_count)
select known.type::public.suggestion_type, known.name, known.description, 'approved', known.votes
from (values
  ('category', 'Développement', 'Langages, bibliothèques et pratiques de programmation', 10),
  ('category', 'Design', 'Interfaces, graphisme et illustration', 10),
  ('category', 'Documentation', 'Guides, références et notes techniques', 10),
  ('category', 'Outils', 'Logiciels et utilitaires du quotidien', 10),
  ('category', 'Templates', 'Modèles prêts à réutiliser', 10),
  ('category', 'Médias', 'Images, sons et vidéos', 10),
  ('category', 'Données', 'Jeux de données et API publiques', 10),
  ('category', 'Learning', 'Cours, exercices et formations', 10),
  ('tag', 'react', 'Autour de React', 8),
  ('tag', 'typescript', 'Autour de TypeScript', 8),
  ('tag', 'javascript', 'Autour de JavaScript', 8),
  ('tag', 'python', 'Autour de Python', 8),
  ('tag', 'api', 'Interfaces de programmation', 8),
  ('tag', 'database', 'Bases de données', 8),
  ('tag', 'frontend', 'Côté navigateur', 8),
  ('tag', 'backend', 'Côté serveur', 8),
  ('tag', 'mobile', 'Applications mobiles', 8),
  ('tag', 'devops', 'Déploiement et exploitation', 8),
  ('tag', 'ui', 'Interface utilisateur', 8),
  ('tag', 'ux', 'Expérience utilisateur', 8),
  ('tag', 'open-source', 'Logiciel libre', 8),
  ('tag', 'tutorial', 'Pas à pas', 8),
  ('tag', 'library', 'Bibliothèques logicielles', 8),
  ('resource_type', 'github_repo', 'Dépôt GitHub', 5),
  ('resource_type', 'external_link', 'Lien externe', 5),
  ('resource_type', 'file_upload', 'Fichier déposé', 5),
  ('filter', 'Popularité', 'Par vues et téléchargements', 7),
  ('filter', 'Date', 'Par date de création', 7),
  ('filter', 'Note', 'Par note moyenne', 7),
  ('filter', 'Langue', 'Par langage de programmation', 7),
  ('filter', 'Licence', 'Par licence', 7),
  ('filter', 'Visibilité', 'Publiques ou privées', 7)
) as known (type, name, description, votes);

insert into public.admin_config (id, key, value, description) values
  ('config-1', 'auto_approval_vote_threshold_category', '5', 'Score qui approuve une catégorie'),
  ('config-2', 'auto_approval_vote_threshold_tag', '5', 'Score qui approuve un tag'),
  ('config-3', 'auto_approval_vote_threshold_resource_type', '5', 'Score qui approuve un type de ressource'),
  ('config-4', 'auto_approval_vote_threshold_filter', '5', 'Score qui approuve un filtre'),
  ('config-5', 'auto_rejection_downvote_threshold_category', '3', 'Votes négatifs qui rejettent une catégorie'),
  ('config-6', 'auto_rejection_downvote_threshold_tag', '3', 'Votes négatifs qui rejettent un tag'),
  ('config-7', 'auto_rejection_downvote_threshold_resource_type', '3', 'Votes négatifs qui rejettent un type de ressource'),
  ('config-8', 'auto_rejection_downvote_threshold_filter', '3', 'Votes négatifs qui rejettent un filtre'),
  ('config-9', 'auto_approval_enabled', 'true', 'Approuver et rejeter d''après les votes'),
  ('config-10', 'consider_downvotes', 'true', 'Soustraire les votes négatifs du score');
