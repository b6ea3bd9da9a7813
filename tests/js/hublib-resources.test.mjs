// What Hub-Lib reads of its resources, chain by chain; names say which page or service asks.

import { people, seeded } from './gateway.mjs';
import { reads } from './reads.mjs';

const EVERYONE = ['anonymous', 'marie', 'karim', 'admin', 'service'];
const ANYONE = ['anonymous', 'marie'];
const MEMBERS = ['marie', 'karim'];

const WITH_AUTHOR = `
  *,
  profiles!inner (
    username,
    full_name,
    avatar_url
  )
`;
const AUTHOR = `json_build_object('username', p.username, 'full_name', p.full_name, 'avatar_url', p.avatar_url) as profiles`;
const FROM = `from expected.resources($1) r join public.profiles p on p.id = r.user_id`;
const BRIEFLY = `select r.*, ${AUTHOR} ${FROM}`;
const FULLY = `select r.*, to_json(p) as profiles ${FROM}`;
const NEWEST = `select r.*, ${AUTHOR}, r.created_at as _rank ${FROM}`;
const LATEST_FIRST = { ascending: false };

const PUBLIC = seeded(2, 1);
const SHARED_WITH_KARIM = seeded(2, 21);
const PRIVATE_TO_OTHERS = seeded(2, 4);

const list = (db) => db.from('resources').select(WITH_AUTHOR).order('created_at', LATEST_FIRST);
const detail = (id) => (db) => db.from('resources').select(WITH_AUTHOR).eq('id', id).single();
const search = (text) => `title.ilike.%${text}%,description.ilike.%${text}%`;

reads([
  { name: 'browse: all that one may see', as: EVERYONE, read: list, rows: `${NEWEST} order by _rank desc` },
  {
    name: 'browse: search',
    as: ANYONE,
    read: (db) => list(db).or(search('react')),
    rows: `${NEWEST} where r.title ilike '%react%' or r.description ilike '%react%' order by _rank desc`,
  },
  {
    name: 'browse: search with a blank, accents and an apostrophe',
    as: ANYONE,
    read: (db) => list(db).or(search("débuter avec l'accessibilité")),
    rows: `${NEWEST} where r.title ilike '%débuter avec l''accessibilité%' order by _rank desc`,
  },
  {
    name: 'browse: search for what separates conditions, quoted',
    as: ANYONE,
    read: (db) => list(db).or('title.ilike."%:%",description.ilike."%, sans rien supposer de connu : installation,%"'),
    rows: `${NEWEST} where r.title ilike '%:%' or r.description ilike '%, sans rien supposer de connu : installation,%'
      order by _rank desc`,
  },
  {
    name: 'browse: categories',
    as: ANYONE,
    read: (db) => list(db).in('category', ['Développement', 'Données']),
    rows: `${NEWEST} where r.category in ('Développement', 'Données') order by _rank desc`,
  },
  {
    name: 'browse: a category with a comma and a parenthesis',
    as: ANYONE,
    read: (db) => list(db).in('category', ['Outils', 'Autres, (divers)']),
    rows: `${NEWEST} where r.category = 'Outils' order by _rank desc`,
  },
  {
    name: 'browse: no category at all',
    as: ANYONE,
    read: (db) => list(db).in('category', []),
    rows: `${NEWEST} where false`,
    none: ANYONE,
  },
  {
    name: 'browse: tags',
    as: ANYONE,
    read: (db) => list(db).overlaps('tags', ['react', 'sécurité', 'machine-learning']),
    rows: `${NEWEST} where r.tags && '{react,sécurité,machine-learning}' order by _rank desc`,
  },
  {
    name: 'browse: all of these',
    as: ANYONE,
    read: (db) => list(db).or(search('guide')).in('category', ['Outils', 'Design']).overlaps('tags', ['ui', 'devops']),
    rows: `${NEWEST} where (r.title ilike '%guide%' or r.description ilike '%guide%')
      and r.category in ('Outils', 'Design') and r.tags && '{ui,devops}' order by _rank desc`,
  },

  { name: 'detail', as: EVERYONE, read: detail(PUBLIC), row: `${BRIEFLY} where r.id = '${PUBLIC}'` },
  {
    name: 'detail: private, for its owner, with a share, for an administrator',
    as: ['marie', 'karim', 'admin', 'service'],
    read: detail(SHARED_WITH_KARIM),
    row: `${BRIEFLY} where r.id = '${SHARED_WITH_KARIM}'`,
  },
  { name: 'detail: private to others', as: [...ANYONE, 'karim'], read: detail(PRIVATE_TO_OTHERS), missing: true },
  { name: 'detail: without a share', as: ['anonymous'], read: detail(SHARED_WITH_KARIM), missing: true },
  { name: 'detail: no such resource', as: EVERYONE, read: detail(seeded(2, 999999)), missing: true },

  {
    name: 'home: popular',
    as: EVERYONE,
    read: (db) =>
      db.from('resources').select(WITH_AUTHOR).eq('visibility', 'public').order('views_count', LATEST_FIRST).limit(12),
    rows: `select r.*, ${AUTHOR}, r.views_count as _rank ${FROM} where r.visibility = 'public'
      order by _rank desc limit 12`,
  },
  {
    name: 'home: recent',
    as: EVERYONE,
    read: (db) =>
      db.from('resources').select(WITH_AUTHOR).eq('visibility', 'public').order('created_at', LATEST_FIRST).limit(6),
    rows: `${NEWEST} where r.visibility = 'public' order by _rank desc limit 6`,
  },
  {
    name: 'my resources',
    as: MEMBERS,
    read: (db, me) => list(db).eq('user_id', me),
    rows: `${NEWEST} where r.user_id = expected.me($1) order by _rank desc`,
  },
  {
    name: 'profile page: public resources of somebody',
    as: [...ANYONE, 'karim'],
    read: (db) => list(db).eq('user_id', people.karim).eq('visibility', 'public'),
    rows: `${NEWEST} where r.user_id = '${people.karim}' and r.visibility = 'public' order by _rank desc`,
  },
  {
    name: 'collection page: pick one of my resources',
    as: MEMBERS,
    read: (db, me) => db.from('resources').select('*').eq('user_id', me).or(search('guide')).limit(20),
    rows: `select r.* ${FROM} where r.user_id = expected.me($1)
      and (r.title ilike '%guide%' or r.description ilike '%guide%')`,
  },
  {
    name: 'fork, restore: one as it is',
    as: ANYONE,
    read: (db) => db.from('resources').select('*').eq('id', PUBLIC).single(),
    row: `select r.* ${FROM} where r.id = '${PUBLIC}'`,
  },
]);

const usage = (columns, filter) => ({
  rows: `select ${columns} from expected.resources($1) where ${filter ?? 'true'}`,
});
reads([
  { name: 'tags in use', as: EVERYONE, read: (db) => db.from('resources').select('tags'), ...usage('tags') },
  {
    name: 'admin: tags by resource',
    as: ['admin'],
    read: (db) => db.from('resources').select('id, tags'),
    ...usage('id, tags'),
  },
  {
    name: 'statistics: categories',
    as: EVERYONE,
    read: (db) => db.from('resources').select('category, visibility').not('category', 'is', null),
    ...usage('category, visibility'),
  },
  {
    name: 'statistics: categories alone',
    as: ANYONE,
    read: (db) => db.from('resources').select('category').not('category', 'is', null),
    ...usage('category'),
  },
  {
    name: 'statistics: tags',
    as: ANYONE,
    read: (db) => db.from('resources').select('tags, visibility').not('tags', 'is', null),
    ...usage('tags, visibility'),
  },
  {
    name: 'statistics: tags alone',
    as: ANYONE,
    read: (db) => db.from('resources').select('tags').not('tags', 'is', null),
    ...usage('tags'),
  },
  {
    name: 'statistics: types',
    as: ANYONE,
    read: (db) => db.from('resources').select('resource_type'),
    ...usage('resource_type'),
  },
  {
    name: 'statistics: types with visibility',
    as: ANYONE,
    read: (db) => db.from('resources').select('resource_type, visibility'),
    ...usage('resource_type, visibility'),
  },
  {
    name: 'statistics: types that are set',
    as: ANYONE,
    read: (db) => db.from('resources').select('resource_type, visibility').not('resource_type', 'is', null),
    ...usage('resource_type, visibility'),
  },
  {
    name: 'admin: category in use?',
    as: ['admin'],
    read: (db) => db.from('resources').select('id').eq('category', 'Médias').limit(1),
    among: `select id from expected.resources($1) where category = 'Médias'`,
    count: 1,
  },
  {
    name: 'admin: category not in use',
    as: ['admin'],
    read: (db) => db.from('resources').select('id').eq('category', 'Inconnue').limit(1),
    rows: `select id from expected.resources($1) where false`,
    none: ['admin'],
  },
  {
    name: 'admin: public resources, newest first',
    as: ['admin'],
    read: (db) =>
      db.from('resources').select('*, profiles(*)').eq('visibility', 'public').order('created_at', LATEST_FIRST),
    rows: `select r.*, to_json(p) as profiles, r.created_at as _rank ${FROM} where r.visibility = 'public'
      order by _rank desc`,
  },
  {
    name: 'admin: public resources',
    as: ['admin'],
    read: (db) => db.from('resources').select('*, profiles(*)').eq('visibility', 'public'),
    rows: `${FULLY} where r.visibility = 'public'`,
  },
]);

const fully = (db) => db.from('resources').select('*, profiles(*)');
reads([
  { name: 'service: all with whole profiles', as: EVERYONE, read: fully, rows: FULLY },
  { name: 'service: all', as: EVERYONE, read: (db) => db.from('resources').select('*'), rows: `select r.* ${FROM}` },
  {
    name: 'service: by category and author, newest first',
    as: ANYONE,
    read: (db) =>
      fully(db).eq('category', 'Développement').eq('user_id', people.karim).order('created_at', LATEST_FIRST),
    rows: `select r.*, to_json(p) as profiles, r.created_at as _rank ${FROM}
      where r.category = 'Développement' and r.user_id = '${people.karim}' order by _rank desc`,
  },
  {
    name: 'service: every filter of the search form',
    as: ANYONE,
    read: (db) =>
      fully(db)
        .or(
          'title.ilike.%exemple%,description.ilike.%exemple%,readme.ilike.%exemple%,title.ilike.%guide%,readme.ilike.%guide%',
        )
        .in('category', ['Développement', 'Outils'])
        .overlaps('tags', ['python', 'devops', 'frontend'])
        .eq('language', 'TypeScript')
        .eq('visibility', 'public')
        .gte('created_at', '2025-02-01')
        .lte('created_at', '2025-10-31T23:59:59.999Z')
        .order('average_rating', { ascending: false }),
    rows: `select r.*, to_json(p) as profiles, r.average_rating as _rank ${FROM}
      where (r.title ilike any ('{%exemple%,%guide%}') or r.description ilike '%exemple%'
          or r.readme ilike any ('{%exemple%,%guide%}'))
        and r.category in ('Développement', 'Outils') and r.tags && '{python,devops,frontend}'
        and r.language = 'TypeScript'
        and r.visibility = 'public' and r.created_at between '2025-02-01 00:00Z' and '2025-10-31 23:59:59.999Z'
      order by _rank desc`,
  },
  {
    name: 'service: one with its whole profile',
    as: ANYONE,
    read: (db) => fully(db).eq('id', PUBLIC).single(),
    row: `${FULLY} where r.id = '${PUBLIC}'`,
  },
  {
    name: 'service: these ids',
    as: ANYONE,
    read: (db) => fully(db).in('id', [PUBLIC, SHARED_WITH_KARIM, PRIVATE_TO_OTHERS, seeded(2, 2), seeded(2, 999999)]),
    rows: `${FULLY} where r.id in ('${PUBLIC}', '${SHARED_WITH_KARIM}', '${PRIVATE_TO_OTHERS}', '${seeded(2, 2)}')`,
  },
  {
    name: 'service: whose is it?',
    as: ANYONE,
    read: (db) => db.from('resources').select('user_id').eq('id', PUBLIC).single(),
    row: `select user_id from expected.resources($1) where id = '${PUBLIC}'`,
  },
]);
