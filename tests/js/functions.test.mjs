// Functions that read, called by GET. Arguments named limit and offset cannot be given that way: in a
// query they are the result's own (PostgREST docs: "Functions as RPC"), so they page what the function returns.

import assert from 'node:assert/strict';
import test from 'node:test';

import { callers, expected, people } from './gateway.mjs';
import { reads } from './reads.mjs';

const GET = { get: true };
const BOTH = ['anonymous', 'marie'];

reads([
  {
    name: 'user_stats: an object, as much as one may see',
    as: ['anonymous', 'marie', 'karim', 'service'],
    read: (db) => db.rpc('user_stats', { user_id: people.marie }, GET),
    row: `select count(*) as resources_total, count(*) filter (where visibility = 'public') as resources_public,
        count(*) filter (where visibility <> 'public') as resources_private, sum(views_count) as views,
        sum(downloads_count) as downloads,
        sum(ratings_count) as ratings_total,
        round(sum(average_rating * ratings_count) / sum(ratings_count), 2) as average_rating,
        (select count(*) from expected.saved_resources($1) where user_id = '${people.marie}') as saved_count
      from expected.resources($1) where user_id = '${people.marie}'`,
  },
  {
    name: 'search_resources: words, tags, columns, an order of its own',
    as: BOTH,
    read: (db) =>
      db.rpc('search_resources', { query: 'guide', tags: ['React', 'ui'], sort: 'title' }, GET).select('title, tags'),
    rows: `select title, tags, lower(title) as _rank from expected.resources($1) r
      where tags && '{react,ui}' and concat_ws(' ', title, description, readme, tags::text) ilike '%guide%'
      order by _rank`,
  },
  {
    name: 'search_resources: filtered, ordered, embedding, like a table',
    as: BOTH,
    read: (db) =>
      db
        .rpc('search_resources', { author: people.karim }, GET)
        .select('id, profiles!inner(username)')
        .eq('visibility', 'public')
        .order('created_at', { ascending: false })
        .limit(5),
    rows: `select id, json_build_object('username', 'karim') as profiles, created_at as _rank from (
        select * from expected.resources($1) where user_id = '${people.karim}' order by created_at desc, id limit 20
      ) as found where visibility = 'public' order by _rank desc limit 5`,
  },
  {
    name: 'search_users',
    as: ['marie'],
    read: (db) => db.rpc('search_users', { query: 'lefèv' }, GET),
    rows: `select id, username, full_name, avatar_url from public.profiles where full_name ilike '%lefèv%' limit 10`,
  },
  {
    name: 'popular_resources, the first three of ten',
    as: BOTH,
    read: (db) => db.rpc('popular_resources', {}, GET).select('title').limit(3),
    rows: `select title, id as _rank from public.resources where visibility = 'public'
      order by views_count + downloads_count * 2 + ratings_count * 3 + average_rating * 10 desc, id limit 3`,
  },
  {
    name: 'metadata_usage',
    as: BOTH,
    read: (db) => db.rpc('metadata_usage', { type: 'category' }, GET),
    rows: `select category as name, count(*) as total, count(*) filter (where visibility = 'public') as public
      from expected.resources($1) group by category`,
  },
]);

test('has_role: a bare value, of oneself only', async () => {
  const ask = async (name, id) =>
    (await callers[name].client.rpc('has_role', { _user_id: id, _role: 'admin' }, GET)).data;
  assert.equal(await ask('admin', people.admin), true);
  assert.equal(await ask('marie', people.marie), false);
  assert.equal(await ask('marie', people.admin), false);
});

test('global_stats: one object with JSON inside', async () => {
  const { data, error } = await callers.marie.client.rpc('global_stats', {}, GET);
  assert.equal(error, null);
  const [{ n }] = await expected('select count(*) as n from expected.resources($1)', people.marie);
  assert.equal(data.resources, n);
  assert.ok(Array.isArray(data.by_day));
});

test('trending_resources: complete public rows', async () => {
  const { data, error } = await callers.anonymous.client.rpc('trending_resources', { days: 30 }, GET);
  assert.equal(error, null);
  assert.equal(data.length, 10);
  assert.ok(data.every((row) => row.visibility === 'public' && 'readme' in row));
});

test('count of a result, without its rows', async () => {
  const { data, count } = await callers.marie.client.rpc(
    'search_users',
    { query: 'marie' },
    { head: true, count: 'exact' },
  );
  assert.deepEqual([data, count], [null, 2]);
});

test('single of a result', async () => {
  const { data } = await callers.marie.client
    .rpc('search_users', { query: 'lefèvre' }, GET)
    .select('username')
    .eq('id', people.marie)
    .single();
  assert.deepEqual(data, { username: 'marie' });
});

const ERRORS = [
  {
    name: 'no such function',
    call: (db) => db.rpc('nothing', { a: 1 }, GET),
    status: 404,
    error: {
      code: 'PGRST202',
      details:
        'Searched for the function public.nothing with parameter a, but no matches were found in the schema cache.',
      hint: null,
      message: 'Could not find the function public.nothing(a) in the schema cache',
    },
  },
  {
    name: 'a function that writes',
    call: (db) => db.rpc('increment_resource_views', { resource_id: people.marie }, GET),
    status: 405,
    error: { code: '25006', details: null, hint: null, message: 'cannot execute INSERT in a read-only transaction' },
  },
  {
    name: 'an argument of another type',
    call: (db) => db.rpc('user_stats', { user_id: 'marie' }, GET),
    status: 400,
    error: { code: '22P02', details: null, hint: null, message: 'invalid input syntax for type uuid: "marie"' },
  },
];
for (const { name, call, status, error } of ERRORS) {
  test(`error: ${name}`, async () => {
    const answer = await call(callers.marie.client);
    assert.deepEqual([answer.status, answer.data, answer.error], [status, null, error]);
  });
}

test('error: not for anonymous callers', async () => {
  const { status, error } = await callers.anonymous.client.rpc('search_users', { query: 'ma' }, GET);
  assert.deepEqual([status, error.code, error.message], [401, '42501', 'permission denied for function search_users']);
});
