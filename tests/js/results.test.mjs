// The forms in which supabase-js asks for a result: counts, ranges, one row, CSV, no nulls, and what errors look like.

import assert from 'node:assert/strict';
import test from 'node:test';

import { callers, connect, expected, keys, people, seeded, tokens } from './gateway.mjs';
import { assertMissing } from './reads.mjs';

const marie = callers.marie.client;
const [{ n: visible }] = await expected('select count(*) as n from expected.resources($1)', people.marie);

test('count without rows', async () => {
  const answer = await marie.from('resources').select('*', { count: 'exact', head: true });
  assert.deepEqual([answer.status, answer.error, answer.data, answer.count], [200, null, null, visible]);
});

test('count beside a page of rows', async () => {
  const { data, count, status } = await marie
    .from('resources')
    .select('id', { count: 'exact' })
    .order('id')
    .range(10, 14);
  assert.equal(status, 206);
  assert.equal(count, visible);
  const wanted = await expected('select id from expected.resources($1) order by id offset 10 limit 5', people.marie);
  assert.deepEqual(data, wanted);
});

test('count follows filters and inner embeds', async () => {
  const { count } = await marie
    .from('resources')
    .select('id, profiles!inner()', { count: 'exact', head: true })
    .eq('profiles.username', 'karim')
    .eq('visibility', 'public');
  const [{ n }] = await expected(
    `select count(*) as n from expected.resources($1) where visibility = 'public' and user_id = '${people.karim}'`,
    people.marie,
  );
  assert.ok(n > 0);
  assert.equal(count, n);
});

for (const kind of ['planned', 'estimated']) {
  test(`count as ${kind}`, async () => {
    const { data, count, error } = await marie.from('resources').select('id', { count: kind }).limit(3);
    assert.equal(error, null);
    assert.equal(data.length, 3);
    assert.ok(Number.isInteger(count) && count > 3, `count is ${count}`);
  });
}

test('no count unless asked', async () => {
  const { count, status } = await marie.from('resources').select('id').range(0, 1);
  assert.deepEqual([count, status], [null, 200]);
});

test('pages fit together', async () => {
  const all = [];
  for (let from = 0; ; from += 100) {
    const { data } = await marie
      .from('resources')
      .select('id')
      .order('created_at')
      .order('id')
      .range(from, from + 99);
    all.push(...data);
    if (data.length < 100) break;
  }
  assert.deepEqual(all, await expected('select id from expected.resources($1) order by created_at, id', people.marie));
});

test('a range beyond the end: an error with a count, nothing without', async () => {
  const counted = await marie.from('resources').select('id', { count: 'exact' }).range(5000, 5009);
  assert.equal(counted.status, 416);
  assert.deepEqual(counted.error, {
    code: 'PGRST103',
    details: `An offset of 5000 was requested, but there are only ${visible} rows.`,
    hint: null,
    message: 'Requested range not satisfiable',
  });
  const plain = await marie.from('resources').select('id').range(5000, 5009);
  assert.deepEqual([plain.status, plain.data], [200, []]);
});

test('limit 0', async () => {
  const { data, status } = await marie.from('resources').select('id').limit(0);
  assert.deepEqual([status, data], [200, []]);
});

test('single: the object, no row, several rows', async () => {
  const query = () => marie.from('profiles').select('username');
  assert.deepEqual((await query().eq('id', people.marie).single()).data, { username: 'marie' });
  assertMissing(await query().eq('id', seeded(1, 999)).single());
  const { error, status, data } = await query().in('id', [people.marie, people.karim]).single();
  assert.deepEqual([status, data], [406, null]);
  assert.deepEqual(error, {
    code: 'PGRST116',
    details: 'The result contains 2 rows',
    hint: null,
    message: 'Cannot coerce the result to a single JSON object',
  });
});

test('maybeSingle: the object, nothing, several rows', async () => {
  const query = () => marie.from('profiles').select('username');
  assert.deepEqual((await query().eq('id', people.marie).maybeSingle()).data, { username: 'marie' });
  const nothing = await query().eq('id', seeded(1, 999)).maybeSingle();
  assert.deepEqual([nothing.status, nothing.data, nothing.error], [200, null, null]);
  const { error } = await query().in('id', [people.marie, people.karim]).maybeSingle();
  assert.equal(error.code, 'PGRST116');
});

test('single with a count', async () => {
  const { data, count } = await marie.from('profiles').select('id', { count: 'exact' }).eq('id', people.marie).single();
  assert.deepEqual([data, count], [{ id: people.marie }, 1]);
});

test('csv', async () => {
  const kinds = callers.anonymous.client.from('kinds');
  const { data } = await kinds.select('id, theme:settings->>theme, settings').order('id').limit(2).csv();
  assert.equal(
    data,
    [
      'id,theme,settings',
      '1,dark,"{""size"": 3, ""tags"": [""a"", ""b""], ""theme"": ""dark""}"',
      '2,light,"{""size"": 12, ""theme"": ""light""}"',
    ].join('\n'),
  );
});

test('stripNulls, of lists and of one', async () => {
  const query = () => marie.from('profiles').select('username, avatar_url, github_username');
  const { data } = await query().in('username', ['admin', 'marie']).order('username').stripNulls();
  assert.deepEqual(data, [{ username: 'admin', github_username: 'admin' }, { username: 'marie' }]);
  assert.deepEqual((await query().eq('username', 'marie').stripNulls().single()).data, { username: 'marie' });
});

test('explain is refused while it is switched off', async () => {
  const { error, status } = await marie.from('resources').select('id').explain({ analyze: true, format: 'json' });
  assert.equal(status, 406);
  assert.equal(error.code, 'PGRST107');
});

test('a dry run of a read', async () => {
  const { data, error } = await marie.from('profiles').select('id').eq('id', people.marie).rollback();
  assert.deepEqual([error, data], [null, [{ id: people.marie }]]);
});

test('answers name their media type and their range', async () => {
  const seen = [];
  const spying = connect(keys.anon, tokens.marie, {
    global: { fetch: async (...request) => (seen.push(await fetch(...request)), seen.at(-1)) },
  });
  await spying.from('profiles').select('id').limit(1);
  await spying.from('profiles').select('id').eq('id', people.marie).single();
  assert.deepEqual(
    seen.map(({ headers }) => headers.get('content-type')),
    ['application/json; charset=utf-8', 'application/vnd.pgrst.object+json; charset=utf-8'],
  );
  assert.equal(seen[0].headers.get('content-range'), '0-0/*');
});

const ERRORS = [
  {
    name: 'no such table',
    read: (db) => db.from('resourcez').select(),
    status: 404,
    code: 'PGRST205',
    message: "Could not find the table 'public.resourcez' in the schema cache",
    hint: "Perhaps you meant the table 'public.resources'",
  },
  {
    name: 'no such column to select',
    read: (db) => db.from('resources').select('titel'),
    status: 400,
    code: '42703',
    message: 'column resources.titel does not exist',
  },
  {
    name: 'no such column to filter by',
    read: (db) => db.from('resources').select('id').eq('nothing_like_it', 1),
    status: 400,
    code: '42703',
    message: 'column resources.nothing_like_it does not exist',
  },
  {
    name: 'no such operator',
    read: (db) => db.from('resources').select('id').filter('title', 'resembles', 'x'),
    status: 400,
    code: 'PGRST100',
    message: '"failed to parse filter (resembles.x)" (line 1, column 1)',
  },
  {
    name: 'a search that breaks the grammar',
    read: (db) => db.from('resources').select('id').or('title.ilike.%a(b,c%,description.ilike.%a(b,c%'),
    status: 400,
    code: 'PGRST100',
  },
  {
    name: 'select that breaks the grammar',
    read: (db) => db.from('resources').select('id, profiles(username'),
    status: 400,
    code: 'PGRST100',
  },
  {
    name: 'an id that is none',
    read: (db) => db.from('resources').select('id').eq('user_id', undefined),
    status: 400,
    code: '22P02',
    message: 'invalid input syntax for type uuid: "undefined"',
  },
  {
    name: 'a value outside of an enumeration',
    read: (db) => db.from('category_tag_suggestions').select('*').eq('type', 'users').order('created_at'),
    status: 400,
    code: '22P02',
    message: 'invalid input value for enum suggestion_type: "users"',
  },
  {
    name: 'an operator that the type lacks',
    read: (db) => db.from('resources').select('id').contains('title', ['x']),
    status: 404,
    code: '42883',
    message: 'operator does not exist: text @> unknown',
  },
  {
    name: 'two ways to embed',
    read: (db) => db.from('category_tag_suggestions').select('name, profiles(username)'),
    status: 300,
    code: 'PGRST201',
    message:
      "Could not embed because more than one relationship was found for 'category_tag_suggestions' and 'profiles'",
  },
  {
    name: 'no way to embed',
    read: (db) => db.from('resources').select('id, admin_config(*)'),
    status: 400,
    code: 'PGRST200',
    message: "Could not find a relationship between 'resources' and 'admin_config' in the schema cache",
    details:
      "Searched for a foreign key relationship between 'resources' and 'admin_config' in the schema 'public', but no matches were found.",
  },
  {
    name: 'aggregates are switched off',
    read: (db) => db.from('resources').select('category, views_count.sum()'),
    status: 400,
    code: 'PGRST123',
    message: 'Use of aggregate functions is not allowed',
  },
  {
    name: 'a schema that is not exposed',
    read: (db) => db.schema('hublib').from('import_id_map').select(),
    status: 406,
    code: 'PGRST106',
    message: 'Invalid schema: hublib',
    hint: 'Only the following schemas are exposed: public',
  },
  {
    name: 'a table that one may not read',
    read: (db) => db.from('kinds').select(),
    status: 403,
    code: '42501',
    message: 'permission denied for table kinds',
  },
];
for (const { name, read, status, ...wanted } of ERRORS) {
  test(`error: ${name}`, async () => {
    const answer = await read(marie);
    assert.deepEqual([answer.status, answer.data, answer.count], [status, null, null]);
    assert.deepEqual(Object.keys(answer.error).sort(), ['code', 'details', 'hint', 'message']);
    for (const [key, value] of Object.entries(wanted)) assert.equal(answer.error[key], value);
  });
}

test('errors are thrown where that was asked for', async () => {
  await assert.rejects(async () => marie.from('resourcez').select().throwOnError(), {
    name: 'PostgrestError',
    code: 'PGRST205',
  });
});

test('an abandoned read is an error for the client, and harms no other', async () => {
  const abandoned = new AbortController();
  const reads = Array.from({ length: 20 }, () =>
    marie.from('resources').select('*, profiles(*)').abortSignal(abandoned.signal),
  );
  const answers = Promise.all(reads.map((read) => read.then((answer) => answer)));
  setTimeout(() => abandoned.abort(), 5);
  for (const { data, error, status } of await answers) {
    if (error) assert.deepEqual([data, status, error.message.startsWith('AbortError')], [null, 0, true]);
    else assert.equal(data.length, visible);
  }
  const after = await Promise.all(
    [...'12345678'].map(() => callers.karim.client.from('notifications').select('user_id').limit(1)),
  );
  for (const { data, error } of after) assert.deepEqual([error, data], [null, [{ user_id: people.karim }]]);
});
