// What Hub-Lib reads around a resource: bookmarks, ratings, comments, versions, shares and groups.

import { people, seeded } from './gateway.mjs';
import { reads } from './reads.mjs';

const EVERYONE = ['anonymous', 'marie', 'karim', 'admin', 'service'];
const PEOPLE = ['anonymous', 'marie', 'karim', 'admin'];

const WITH_AUTHOR = '*, profiles!inner(username, full_name, avatar_url)';
const AUTHOR = `jsonb_build_object('profiles', jsonb_build_object(
  'username', p.username, 'full_name', p.full_name, 'avatar_url', p.avatar_url))`;
const RESOURCE = `to_jsonb(r) || ${AUTHOR} as resources`;
const READABLE = `join expected.resources($1) r on r.id = s.resource_id join public.profiles p on p.id = r.user_id`;

const PUBLIC = seeded(2, 1);
const RATED_BY_MARIE = seeded(2, 3);
const SHARED_WITH_KARIM = seeded(2, 21);
const PRIVATE_TO_OTHERS = seeded(2, 4);
const TEAM_OF_MARIE = seeded(3, 1);

const comments = (id) => (db) =>
  db.from('resource_comments').select(WITH_AUTHOR).eq('resource_id', id).order('created_at', { ascending: true });
const commentRows = (id) => `select s.*, ${AUTHOR} -> 'profiles' as profiles, s.created_at as _rank
  from expected.resource_comments($1) s join public.profiles p on p.id = s.user_id
  where s.resource_id = '${id}' order by _rank`;

reads([
  {
    name: 'saved list, asked before anyone is signed in too',
    as: PEOPLE,
    read: (db) =>
      db
        .from('saved_resources')
        .select(`resource_id, resources!inner(${WITH_AUTHOR})`)
        .order('created_at', { ascending: false }),
    rows: `select s.resource_id, ${RESOURCE}, s.created_at as _rank
      from expected.saved_resources($1) s ${READABLE} order by _rank desc`,
    none: ['anonymous'],
  },
  {
    name: 'my rating',
    as: ['marie', 'karim'],
    read: (db, me) =>
      db.from('resource_ratings').select('rating').eq('resource_id', RATED_BY_MARIE).eq('user_id', me).maybeSingle(),
    row: `select rating from expected.resource_ratings($1) where resource_id = '${RATED_BY_MARIE}'
      and user_id = expected.me($1)`,
    none: ['karim'],
  },
  { name: 'comments', as: EVERYONE, read: comments(PUBLIC), rows: commentRows(PUBLIC) },
  {
    name: 'comments on what one may not see',
    as: PEOPLE,
    read: comments(PRIVATE_TO_OTHERS),
    rows: commentRows(PRIVATE_TO_OTHERS),
    none: PEOPLE,
  },
  {
    name: 'replies to a comment',
    as: EVERYONE,
    read: (db) => db.from('resource_comments').select('id').eq('parent_id', seeded(5, 11)),
    rows: `select id from expected.resource_comments($1) where parent_id = '${seeded(5, 11)}'`,
  },
  {
    name: 'versions',
    as: EVERYONE,
    read: (db) =>
      db.from('resource_versions').select('*').eq('resource_id', PUBLIC).order('version_number', { ascending: false }),
    rows: `select *, version_number as _rank from expected.resource_versions($1)
      where resource_id = '${PUBLIC}' order by _rank desc`,
  },
  {
    name: 'one version',
    as: ['anonymous', 'marie'],
    read: (db) => db.from('resource_versions').select('*').eq('id', seeded('e', 11)).single(),
    row: `select * from expected.resource_versions($1) where id = '${seeded('e', 11)}'`,
  },
  {
    name: 'creators of versions',
    as: ['anonymous', 'marie'],
    read: (db) =>
      db.from('profiles').select('id, username, full_name, avatar_url').in('id', [people.marie, people.karim]),
    rows: `select id, username, full_name, avatar_url from public.profiles
      where id in ('${people.marie}', '${people.karim}')`,
  },

  {
    name: 'shared with me, directly',
    as: ['marie', 'karim'],
    read: (db, me) =>
      db.from('resource_shares').select(`resource_id, resources!inner(${WITH_AUTHOR})`).eq('shared_with_user_id', me),
    rows: `select s.resource_id, ${RESOURCE} from expected.resource_shares($1) s ${READABLE}
      where s.shared_with_user_id = expected.me($1)`,
  },
  {
    name: 'shared through groups, with their members',
    as: PEOPLE,
    read: (db) =>
      db
        .from('resource_shares')
        .select(`resource_id, resources!inner(${WITH_AUTHOR}), groups!inner(id, group_members!inner(user_id))`)
        .not('shared_with_group_id', 'is', null),
    rows: `select s.resource_id, ${RESOURCE}, jsonb_build_object('id', g.id, 'group_members', members.found) as groups
      from expected.resource_shares($1) s ${READABLE}
      join expected.groups($1) g on g.id = s.shared_with_group_id
      join lateral (
        select jsonb_agg(jsonb_build_object('user_id', m.user_id)) as found from expected.group_members($1) m
        where m.group_id = g.id
      ) as members on members.found is not null`,
    none: ['anonymous'],
  },
  {
    name: 'shares of a resource',
    as: PEOPLE,
    read: (db) => db.from('resource_shares').select('*').eq('resource_id', SHARED_WITH_KARIM),
    rows: `select * from expected.resource_shares($1) where resource_id = '${SHARED_WITH_KARIM}'`,
    none: ['anonymous'],
  },
  {
    name: 'my groups',
    as: EVERYONE,
    read: (db) => db.from('groups').select('*').order('created_at', { ascending: false }),
    rows: `select *, created_at as _rank from expected.groups($1) order by _rank desc`,
    none: ['anonymous'],
  },
  {
    name: 'members of a group',
    as: EVERYONE,
    read: (db) => db.from('group_members').select(WITH_AUTHOR).eq('group_id', TEAM_OF_MARIE),
    rows: `select s.*, ${AUTHOR} -> 'profiles' as profiles
      from expected.group_members($1) s join public.profiles p on p.id = s.user_id
      where s.group_id = '${TEAM_OF_MARIE}'`,
    none: ['anonymous'],
  },
  {
    name: 'find people by a part of their name',
    as: ['anonymous', 'marie'],
    read: (db) =>
      db
        .from('profiles')
        .select('id, username, full_name, avatar_url')
        .or('username.ilike."%ben%",full_name.ilike."%lefèvre%"')
        .limit(10),
    rows: `select id, username, full_name, avatar_url from public.profiles
      where username ilike '%ben%' or full_name ilike '%lefèvre%'`,
  },
]);
