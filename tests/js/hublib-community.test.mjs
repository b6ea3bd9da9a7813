// What Hub-Lib reads of suggestions, votes, people, notifications, collections and its settings.

import { people, seeded } from './gateway.mjs';
import { reads } from './reads.mjs';

const EVERYONE = ['anonymous', 'marie', 'karim', 'admin', 'service'];
const PEOPLE = ['anonymous', 'marie', 'karim', 'admin'];
const ANYONE = ['anonymous', 'marie'];
const SUGGESTIONS = 'public.category_tag_suggestions';
const PENDING = seeded(6, 1);
const MOST_VOTED_FIRST = { ascending: false };

const known = (type) => (db) =>
  db
    .from('category_tag_suggestions')
    .select('name')
    .eq('type', type)
    .eq('status', 'approved')
    .eq('action', 'add')
    .order('votes_count', MOST_VOTED_FIRST);
const top = (type) => (db) =>
  db
    .from('category_tag_suggestions')
    .select('*')
    .eq('type', type)
    .eq('status', 'pending')
    .order('votes_count', MOST_VOTED_FIRST)
    .limit(8);
const existing = (name) => (db) =>
  db
    .from('category_tag_suggestions')
    .select('id')
    .eq('type', 'tag')
    .eq('name', name)
    .eq('status', 'approved')
    .eq('action', 'add')
    .single();
const votes = (columns) => (db) => db.from('suggestion_votes').select(columns).eq('suggestion_id', PENDING);

reads([
  ...['category', 'tag', 'resource_type'].map((type) => ({
    name: `filter panel: ${type}`,
    as: ANYONE,
    read: known(type),
    rows: `select name, votes_count as _rank from ${SUGGESTIONS} where type = '${type}'
      and status = 'approved' order by _rank desc`,
  })),
  {
    name: 'known tags',
    as: ANYONE,
    read: (db) => db.from('category_tag_suggestions').select('name').eq('type', 'tag').eq('status', 'approved'),
    rows: `select name from ${SUGGESTIONS} where type = 'tag' and status = 'approved'`,
  },
  ...['category', 'tag', 'resource_type', 'filter'].map((type) => ({
    name: `top suggestions: ${type}`,
    as: ANYONE,
    read: top(type),
    rows: `select *, votes_count as _rank from ${SUGGESTIONS} where type = '${type}' and status = 'pending'
      order by _rank desc`,
  })),
  {
    name: 'suggestions page',
    as: ANYONE,
    read: (db) =>
      db
        .from('category_tag_suggestions')
        .select('*')
        .eq('type', 'tag')
        .eq('action', 'add')
        .order('votes_count', MOST_VOTED_FIRST),
    rows: `select *, votes_count as _rank from ${SUGGESTIONS} where type = 'tag' order by _rank desc`,
  },
  {
    name: 'suggestions page: votes on one',
    as: ANYONE,
    read: votes('user_id, vote_type'),
    rows: `select user_id, vote_type from public.suggestion_votes where suggestion_id = '${PENDING}'`,
  },
  {
    name: 'suggestions page: a name that exists',
    as: ANYONE,
    read: existing('open-source'),
    row: `select id from ${SUGGESTIONS} where type = 'tag' and name = 'open-source'`,
  },
  {
    name: 'suggestions page: a name that does not',
    as: ANYONE,
    read: existing('rien de tel, (vraiment)'),
    missing: true,
  },
  {
    name: 'categories and tags page: votes within, or none',
    as: ANYONE,
    read: (db) =>
      db
        .from('category_tag_suggestions')
        .select('*, suggestion_votes(user_id, vote_type)')
        .eq('type', 'tag')
        .order('votes_count', MOST_VOTED_FIRST),
    rows: `select s.*, s.votes_count as _rank, (
        select coalesce(json_agg(json_build_object('user_id', v.user_id, 'vote_type', v.vote_type)), '[]')
        from public.suggestion_votes v where v.suggestion_id = s.id
      ) as suggestion_votes from ${SUGGESTIONS} s where s.type = 'tag' order by _rank desc`,
  },
  {
    name: 'admin list',
    as: ['admin'],
    read: (db) =>
      db.from('category_tag_suggestions').select('*').eq('type', 'category').order('created_at', { ascending: false }),
    rows: `select *, created_at as _rank from ${SUGGESTIONS} where type = 'category' order by _rank desc`,
  },
  {
    name: 'admin list: who suggested it',
    as: ['admin'],
    read: (db) => db.from('profiles').select('username, full_name').eq('id', people.marie).single(),
    row: `select username, full_name from public.profiles where id = '${people.marie}'`,
  },
  {
    name: 'voting: the suggestion',
    as: ['marie'],
    read: (db) => db.from('category_tag_suggestions').select('*').eq('id', PENDING).single(),
    row: `select * from ${SUGGESTIONS} where id = '${PENDING}'`,
  },
  {
    name: 'voting: my vote',
    as: ['marie', 'karim'],
    read: (db, me) => db.from('suggestion_votes').select('*').eq('suggestion_id', seeded(6, 2)).eq('user_id', me),
    rows: `select * from public.suggestion_votes where suggestion_id = '${seeded(6, 2)}' and user_id = expected.me($1)`,
    none: ['karim'],
  },
  {
    name: 'voting: all votes',
    as: ['marie'],
    read: votes('vote_type'),
    rows: `select vote_type from public.suggestion_votes where suggestion_id = '${PENDING}'`,
  },
  {
    name: 'seeding: is there anything?',
    as: ANYONE,
    read: (db) => db.from('category_tag_suggestions').select('id').limit(1),
    among: `select id from ${SUGGESTIONS}`,
    count: 1,
  },
  {
    name: 'settings: for those who are signed in',
    as: EVERYONE,
    read: (db) => db.from('admin_config').select('*'),
    rows: `select * from expected.admin_config($1)`,
    none: ['anonymous'],
  },
]);

reads([
  {
    name: 'profile page',
    as: ANYONE,
    read: (db) => db.from('profiles').select('*').eq('username', 'karim').single(),
    row: `select * from public.profiles where username = 'karim'`,
  },
  {
    name: 'profile page: nobody of that name',
    as: ANYONE,
    read: (db) => db.from('profiles').select('*').eq('username', 'personne').single(),
    missing: true,
  },
  {
    name: 'edit profile',
    as: ['marie', 'karim'],
    read: (db, me) => db.from('profiles').select('*').eq('id', me).single(),
    row: `select * from public.profiles where id = expected.me($1)`,
  },
  {
    name: 'all profiles',
    as: EVERYONE,
    read: (db) => db.from('profiles').select('*'),
    rows: `select * from public.profiles`,
  },
  {
    name: 'am I an administrator?',
    as: ['marie', 'karim', 'admin'],
    read: (db, me) => db.from('user_roles').select('role').eq('user_id', me).eq('role', 'admin').maybeSingle(),
    row: `select role from expected.user_roles($1) where user_id = expected.me($1) and role = 'admin'`,
    none: ['marie', 'karim'],
  },
  {
    name: 'notifications',
    as: ['marie', 'karim'],
    read: (db, me) =>
      db.from('notifications').select('*').eq('user_id', me).order('created_at', { ascending: false }).limit(50),
    rows: `select *, created_at as _rank from expected.notifications($1) where user_id = expected.me($1)
      order by _rank desc limit 50`,
  },
  {
    name: 'notifications of somebody else',
    as: ['anonymous', 'karim', 'admin'],
    read: (db) =>
      db
        .from('notifications')
        .select('*')
        .eq('user_id', people.marie)
        .order('created_at', { ascending: false })
        .limit(50),
    rows: `select * from expected.notifications($1) where user_id = '${people.marie}'`,
    none: ['anonymous', 'karim', 'admin'],
  },
]);

const OF_MARIE = seeded(4, 60);
const collections = (db) => db.from('collections').select('*').order('updated_at', { ascending: false });
const COLLECTIONS = `select *, updated_at as _rank from expected.collections($1)`;
reads([
  {
    name: 'my collections',
    as: ['marie'],
    read: (db, me) => collections(db).eq('user_id', me),
    rows: `${COLLECTIONS} where user_id = expected.me($1) order by _rank desc`,
  },
  {
    name: 'my public collections',
    as: ['marie'],
    read: (db, me) => collections(db).eq('user_id', me).eq('is_public', true),
    rows: `${COLLECTIONS} where user_id = expected.me($1) and is_public order by _rank desc`,
    none: ['marie'],
  },
  {
    name: 'public collections',
    as: EVERYONE,
    read: (db) => collections(db).eq('is_public', true).limit(20),
    rows: `${COLLECTIONS} where is_public order by _rank desc limit 20`,
  },
  {
    name: 'public collections: search',
    as: ANYONE,
    read: (db) => collections(db).eq('is_public', true).or('name.ilike.%outils%,description.ilike.%à jour%').limit(20),
    rows: `${COLLECTIONS} where is_public and (name ilike '%outils%' or description ilike '%à jour%')
      order by _rank desc limit 20`,
  },
  {
    name: 'one collection',
    as: ['marie', 'admin', 'service'],
    read: (db) => db.from('collections').select('*').eq('id', OF_MARIE).single(),
    row: `select * from expected.collections($1) where id = '${OF_MARIE}'`,
  },
  {
    name: "one collection: somebody's own",
    as: ['anonymous', 'karim'],
    read: (db) => db.from('collections').select('*').eq('id', OF_MARIE).single(),
    missing: true,
  },
  {
    name: 'content of a collection, by its column "order"',
    as: PEOPLE,
    read: (db) =>
      db.from('collection_resources').select('*').eq('collection_id', OF_MARIE).order('order', { ascending: true }),
    rows: `select *, "order" as _rank from expected.collection_resources($1)
      where collection_id = '${OF_MARIE}' order by _rank`,
    none: ['anonymous', 'karim'],
  },
]);
