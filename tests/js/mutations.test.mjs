// Every form of insert, upsert, update, delete and rpc that the client has, on one small table.

import { seeded } from './gateway.mjs';
import { writes } from './writes.mjs';

const NEW = seeded('f', 900);
const OTHER = seeded('f', 901);
const ONE = seeded('f', 1);
const AS = ['admin'];
const row = (more = {}) => ({ id: NEW, name: 'n', description: 'd', category: 'c', ...more });
const TAGS = `select id, tags, usage_count from public.resource_templates where category = 'c' order by id`;
const COUNT = `select count(*) from public.resource_templates`;
const NAMES = `select name, usage_count from public.resource_templates where id in ('${ONE}', '${NEW}') order by id`;
const mine = (db) => db.from('resource_templates');
const own = (me, more) => row({ created_by: me, ...more });

writes([
  {
    name: 'insert',
    as: AS,
    write: (db, me) => mine(db).insert(own(me)),
    status: 201,
    state: TAGS,
    is: [{ id: NEW, tags: [], usage_count: 0 }],
  },
  {
    name: 'insert, counted',
    as: AS,
    write: (db, me) => mine(db).insert([own(me), own(me, { id: OTHER })], { count: 'exact' }),
    status: 201,
    count: 2,
  },
  {
    name: 'insert of nothing',
    as: AS,
    write: (db) => mine(db).insert([]).select(),
    status: 201,
    data: [],
  },
  {
    name: 'insert, and the columns asked for',
    as: AS,
    write: (db, me) => mine(db).insert(own(me)).select('name, kind:category'),
    status: 201,
    data: [{ name: 'n', kind: 'c' }],
  },
  {
    name: 'insert, and one of them',
    as: AS,
    write: (db, me) => mine(db).insert([own(me)]).select('name').single(),
    status: 201,
    data: { name: 'n' },
  },
  {
    name: 'insert of two, one wanted back',
    as: AS,
    write: (db, me) => mine(db).insert([own(me), own(me, { id: OTHER })]).select('name').single(),
    status: 406,
    error: { code: 'PGRST116', details: 'The result contains 2 rows' },
  },
  {
    name: 'insert of rows with other keys: null by default',
    as: AS,
    write: (db, me) => mine(db).insert([own(me, { icon: 'i' }), own(me, { id: OTHER })]).select('icon').order('id'),
    status: 201,
    data: [{ icon: 'i' }, { icon: null }],
  },
  {
    name: 'insert of rows with other keys: a null that is not allowed',
    as: AS,
    write: (db, me) => mine(db).insert([own(me, { usage_count: 4 }), own(me, { id: OTHER })]),
    status: 400,
    error: { code: '23502' },
  },
  {
    name: 'insert of rows with other keys: the default if so wished',
    as: AS,
    write: (db, me) =>
      mine(db).insert([own(me, { usage_count: 4 }), own(me, { id: OTHER })], { defaultToNull: false }),
    status: 201,
    state: TAGS,
    is: [
      { id: NEW, tags: [], usage_count: 4 },
      { id: OTHER, tags: [], usage_count: 0 },
    ],
  },
  {
    name: 'insert of values of many kinds',
    as: AS,
    write: (db, me) =>
      mine(db)
        .insert(own(me, { tags: ['a', 'b"c', 'd,e'], template_data: { a: [1, { b: null }] }, is_public: true }))
        .select('tags, template_data, is_public')
        .single(),
    status: 201,
    data: { tags: ['a', 'b"c', 'd,e'], template_data: { a: [1, { b: null }] }, is_public: true },
  },
  {
    name: 'insert as CSV comes back',
    as: AS,
    write: (db, me) => mine(db).insert(own(me)).select('name, category').csv(),
    status: 201,
    data: 'name,category\nn,c',
  },
  {
    name: 'insert of an unknown column',
    as: AS,
    write: (db, me) => mine(db).insert(own(me, { colour: 'x' })),
    status: 400,
    error: {
      code: 'PGRST204',
      message: "Could not find the 'colour' column of 'resource_templates' in the schema cache",
    },
  },
  {
    name: 'insert that is undone',
    as: AS,
    write: (db, me) => mine(db).insert(own(me)).select('name').rollback(),
    status: 201,
    data: [{ name: 'n' }],
    state: COUNT,
    is: [{ count: 6 }],
  },

  {
    name: 'upsert of a new row',
    as: AS,
    write: (db, me) => mine(db).upsert(own(me)).select('name'),
    status: 201,
    data: [{ name: 'n' }],
  },
  {
    name: 'upsert of a row that is there',
    as: AS,
    write: (db, me) => mine(db).upsert(own(me, { id: ONE }), { count: 'exact' }).select('name'),
    status: 200,
    data: [{ name: 'n' }],
    count: 1,
  },
  {
    name: 'upsert of both, given back in order',
    as: AS,
    write: (db, me) => mine(db).upsert([own(me, { id: ONE }), own(me)]).select('id').order('id', { ascending: false }),
    status: 201,
    data: [{ id: NEW }, { id: ONE }],
  },
  {
    name: 'upsert that leaves what is there',
    as: AS,
    write: (db, me) => mine(db).upsert([own(me, { id: ONE }), own(me)], { ignoreDuplicates: true }).select('id'),
    status: 201,
    data: [{ id: NEW }],
    state: NAMES,
    is: [
      { name: 'Bibliothèque Python', usage_count: 11 },
      { name: 'n', usage_count: 0 },
    ],
  },
  {
    name: 'upsert with defaults for what is left out',
    as: AS,
    write: (db, me) =>
      mine(db).upsert([own(me, { id: ONE }), own(me, { usage_count: 3 })], { defaultToNull: false, onConflict: 'id' }),
    status: 201,
    state: NAMES,
    is: [
      { name: 'n', usage_count: 0 },
      { name: 'n', usage_count: 3 },
    ],
  },
  {
    name: 'upsert on what is not unique',
    as: AS,
    write: (db, me) => mine(db).upsert(own(me), { onConflict: 'category' }),
    status: 400,
    error: { code: '42P10' },
  },

  {
    name: 'update, counted',
    as: AS,
    write: (db) => mine(db).update({ usage_count: 5 }, { count: 'exact' }).in('id', [ONE, seeded('f', 2)]),
    status: 204,
    count: 2,
  },
  {
    name: 'update by other filters',
    as: AS,
    write: (db) =>
      mine(db)
        .update({ usage_count: 5 })
        .or(`name.ilike.*python*,and(language.is.null,usage_count.gt.50)`)
        .contains('tags', [])
        .select('name')
        .order('name'),
    status: 200,
    data: [{ name: 'Bibliothèque Python' }, { name: 'Maquette' }, { name: 'Note interne' }],
  },
  {
    name: 'update that finds one, perhaps',
    as: AS,
    write: (db) => mine(db).update({ usage_count: 5 }).eq('id', ONE).select('usage_count').maybeSingle(),
    status: 200,
    data: { usage_count: 5 },
  },
  {
    name: 'update that finds none, perhaps',
    as: AS,
    write: (db) => mine(db).update({ usage_count: 5 }).eq('id', NEW).select('usage_count').maybeSingle(),
    status: 200,
    data: null,
  },
  {
    name: 'update of no column',
    as: AS,
    write: (db) => mine(db).update({}).eq('id', ONE).select(),
    status: 200,
    data: [],
  },
  {
    name: 'update of as many as allowed',
    as: AS,
    write: (db) => mine(db).update({ usage_count: 5 }).gt('usage_count', 50).select('id').order('id').maxAffected(2),
    status: 200,
    data: [{ id: seeded('f', 5) }, { id: seeded('f', 6) }],
  },
  {
    name: 'update of more than allowed',
    as: AS,
    write: (db) => mine(db).update({ usage_count: 5 }).gt('usage_count', 20).maxAffected(2),
    status: 400,
    error: { code: 'PGRST124', details: 'The query affects 5 rows' },
  },
  {
    name: 'update that breaks a rule',
    as: AS,
    write: (db) => mine(db).update({ usage_count: -1 }).eq('id', ONE),
    status: 400,
    error: { code: '23514' },
  },

  {
    name: 'delete, counted',
    as: AS,
    write: (db) => mine(db).delete({ count: 'exact' }).gt('usage_count', 20),
    status: 204,
    count: 5,
    state: COUNT,
    is: [{ count: 1 }],
  },
  {
    name: 'delete, given back',
    as: AS,
    write: (db) => mine(db).delete().eq('id', ONE).select('name, author:profiles(username)').single(),
    status: 200,
    data: { name: 'Bibliothèque Python', author: { username: 'admin' } },
  },
  {
    name: 'delete of several, one wanted back',
    as: AS,
    write: (db) => mine(db).delete().gt('usage_count', 20).select().single(),
    status: 406,
    error: { code: 'PGRST116', details: 'The result contains 5 rows' },
  },
  {
    name: 'delete of more than allowed',
    as: AS,
    write: (db) => mine(db).delete().gt('usage_count', 20).maxAffected(4),
    status: 400,
    error: { code: 'PGRST124' },
  },
  {
    name: 'delete that is undone',
    as: AS,
    write: (db) => mine(db).delete().eq('id', ONE).select('name').rollback(),
    status: 200,
    data: [{ name: 'Bibliothèque Python' }],
    state: COUNT,
    is: [{ count: 6 }],
  },

  {
    name: 'rpc with a filter, an order and a limit',
    as: AS,
    write: (db) =>
      db.rpc('popular_resources', { limit: 50 }).select('title').eq('visibility', 'public').order('title').limit(2),
    status: 200,
    returned: `select title from (select * from public.popular_resources(50)) p
      where visibility = 'public' order by title limit 2`,
  },
  {
    name: 'rpc, counted',
    as: AS,
    write: (db) => db.rpc('popular_resources', { limit: 7 }, { count: 'exact' }).select('id').limit(0),
    status: 206,
    data: [],
    count: 7,
  },
  {
    name: 'rpc of a bare value',
    as: AS,
    write: (db, me) => db.rpc('has_role', { _user_id: me, _role: 'admin' }),
    status: 200,
    data: true,
  },
  {
    name: 'rpc of which one object is wanted',
    as: AS,
    write: (db) => db.rpc('popular_resources', { limit: 2 }).single(),
    status: 406,
    error: { code: 'PGRST116', details: 'The result contains 2 rows' },
  },
  {
    name: 'rpc without an argument that it needs',
    as: AS,
    write: (db) => db.rpc('rate_resource', { rating: 3 }),
    status: 404,
    error: { code: 'PGRST202' },
  },
]);
