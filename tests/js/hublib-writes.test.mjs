// What Hub-Lib writes: resources, what hangs on them, and comments.

import { people, seeded } from './gateway.mjs';
import { writes } from './writes.mjs';

const WITH_PROFILE = '*, profiles(*)';
const PROFILE = '(select to_jsonb(p) from public.profiles p where p.id = r.user_id) as profiles';
const WITH_AUTHOR = '*, profiles!inner(username, full_name, avatar_url)';
const AUTHOR = `(select jsonb_build_object('username', p.username, 'full_name', p.full_name, 'avatar_url', p.avatar_url)
  from public.profiles p where p.id = r.user_id) as profiles`;

const MINE = seeded(2, 1); // of marie, public
const OTHERS = seeded(2, 2); // of karim, public
const PRIVATE = seeded(2, 21); // of marie, shared with karim, who may write
const NOW = '2025-01-02T03:04:05+00:00';
const DENIED = { code: '42501' };
const NOBODY = { status: 401, error: DENIED };
const STRANGER = { status: 403, error: DENIED };

const resource = (me) => ({
  title: 'Un titre',
  description: "L'essentiel, « en bref »",
  category: 'Outils',
  tags: ['Docker', ' ui ', 'docker'],
  resource_type: 'external_link',
  external_url: 'https://exemples.example/?a=1&b=2',
  user_id: me,
  visibility: 'public',
});

writes([
  // resources
  {
    name: 'create a resource, with its author',
    as: ['marie', 'karim'],
    write: (db, me) =>
      db
        .from('resources')
        .insert({ ...resource(me), created_at: NOW, updated_at: NOW })
        .select(WITH_PROFILE)
        .single(),
    status: 201,
    one: true,
    returned: `select r.*, ${PROFILE} from public.resources r where title = 'Un titre'`,
    state: `select user_id = $1::uuid as mine, tags, views_count from public.resources where title = 'Un titre'`,
    is: [{ mine: true, tags: ['docker', 'ui'], views_count: 0 }],
  },
  {
    name: 'create a resource, without anything back',
    as: ['marie'],
    write: (db, me) => db.from('resources').insert([resource(me)]),
    status: 201,
    state: `select count(*) from public.resources where title = 'Un titre'`,
    is: [{ count: 1 }],
  },
  {
    name: "create a resource in someone else's name",
    as: ['karim'],
    write: (db) => db.from('resources').insert(resource(people.marie)).select().single(),
    ...STRANGER,
  },
  {
    name: 'create a resource unknown to all',
    as: ['anonymous'],
    write: (db) => db.from('resources').insert(resource(people.marie)),
    ...NOBODY,
  },
  {
    name: 'change a resource, with its author',
    as: ['marie'],
    write: (db) =>
      db.from('resources').update({ title: 'Neuf', updated_at: NOW }).eq('id', MINE).select(WITH_PROFILE).single(),
    status: 200,
    one: true,
    returned: `select r.*, ${PROFILE} from public.resources r where id = '${MINE}'`,
    state: `select title from public.resources where id = '${MINE}'`,
    is: [{ title: 'Neuf' }],
  },
  {
    name: 'change what another may write',
    as: ['karim'],
    write: (db) => db.from('resources').update({ title: 'Neuf' }).eq('id', PRIVATE).select('title').single(),
    status: 200,
    data: { title: 'Neuf' },
  },
  {
    name: 'change what is not theirs: nothing happens',
    as: ['karim'],
    write: (db) => db.from('resources').update({ title: 'Neuf' }).eq('id', MINE),
    status: 204,
    state: `select count(*) from public.resources where title = 'Neuf'`,
    is: [{ count: 0 }],
  },
  {
    name: 'change what is not theirs, and want it back',
    as: ['karim'],
    write: (db) => db.from('resources').update({ title: 'Neuf' }).eq('id', MINE).select().single(),
    status: 406,
    error: { code: 'PGRST116', details: 'The result contains 0 rows' },
  },
  {
    name: 'change visibility',
    as: ['marie'],
    write: (db) => db.from('resources').update({ visibility: 'private' }).eq('id', MINE),
    status: 204,
    state: `select visibility from public.resources where id = '${MINE}'`,
    is: [{ visibility: 'private' }],
  },
  {
    name: 'rename a category everywhere',
    as: ['marie'],
    write: (db) => db.from('resources').update({ category: 'Neuf' }).eq('category', 'Développement'),
    status: 204,
    // and in what others let one write
    state: `select count(*) > 0 as mine, count(*) filter (where user_id <> $1::uuid and not exists (
        select from public.resource_shares s where s.resource_id = r.id and permission = 'write'
      )) as others from public.resources r where category = 'Neuf'`,
    is: [{ mine: true, others: 0 }],
  },
  {
    name: 'change tags',
    as: ['marie'],
    write: (db) => db.from('resources').update({ tags: ['A', 'b,c', '"'] }).eq('id', MINE).select('tags').single(),
    status: 200,
    data: { tags: ['a', 'b,c', '"'] },
  },
  {
    name: 'delete a resource',
    as: ['marie', 'admin'],
    write: (db) => db.from('resources').delete().eq('id', MINE),
    status: 204,
    state: `select (select count(*) from public.resources where id = '${MINE}')
      + (select count(*) from public.resource_comments where resource_id = '${MINE}') as left`,
    is: [{ left: 0 }],
  },
  {
    name: "delete another's resource: nothing happens",
    as: ['karim', 'marie'],
    write: (db, me) => db.from('resources').delete().eq('id', me === people.marie ? OTHERS : MINE),
    status: 204,
    state: `select count(*) from public.resources where id in ('${MINE}', '${OTHERS}')`,
    is: [{ count: 2 }],
  },
  ...['saved_resources', 'resource_ratings', 'resource_shares', 'resource_comments'].map((table) => ({
    name: `delete what hangs on a resource: ${table}`,
    as: ['service'],
    write: (db) => db.from(table).delete().eq('resource_id', MINE),
    status: 204,
    state: `select count(*) from public.${table} where resource_id = '${MINE}'`,
    is: [{ count: 0 }],
  })),

  // comments
  {
    name: 'comment',
    as: ['karim'],
    write: (db, me) =>
      db
        .from('resource_comments')
        .insert({ resource_id: MINE, user_id: me, parent_id: null, content: 'Merci 🎉\n« bien »' })
        .select(WITH_AUTHOR)
        .single(),
    status: 201,
    one: true,
    returned: `select r.*, ${AUTHOR} from public.resource_comments r where content like 'Merci 🎉%'`,
    state: `select content from public.resource_comments where content like 'Merci 🎉%'`,
    is: [{ content: 'Merci 🎉\n« bien »' }],
  },
  {
    name: 'comment on what one may not see',
    as: ['karim'],
    write: (db, me) =>
      db.from('resource_comments').insert({ resource_id: seeded(2, 4), user_id: me, content: 'x' }).select().single(),
    ...STRANGER,
  },
  {
    name: 'an empty comment',
    as: ['karim'],
    write: (db, me) => db.from('resource_comments').insert({ resource_id: MINE, user_id: me, content: ' ' }),
    status: 400,
    error: { code: '23514' },
  },
  {
    name: 'change a comment',
    as: ['service'],
    write: (db) =>
      db.from('resource_comments').update({ content: 'Autre', updated_at: NOW }).eq('id', seeded(5, 21)),
    status: 204,
    state: `select count(*) from public.resource_comments where content = 'Autre'`,
    is: [{ count: 1 }],
  },
  {
    name: 'delete a comment with its replies, as the owner of the resource',
    as: ['marie'],
    write: (db) => db.from('resource_comments').delete().eq('resource_id', MINE).is('parent_id', null),
    status: 204,
    state: `select count(*) from public.resource_comments where resource_id = '${MINE}'`,
    is: [{ count: 0 }],
  },
]);
