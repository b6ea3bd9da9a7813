// Who may read what: keys old and new, tokens good and bad, and tables that are private.

import assert from 'node:assert/strict';
import test from 'node:test';

import { callers, connect, expected, keys, people, seeded, tokens } from './gateway.mjs';

const notifications = (db) => db.from('notifications').select('*', { count: 'exact', head: true });
const countFor = async (viewer) =>
  (await expected('select count(*) as n from expected.notifications($1)', viewer))[0].n;

const KEYS = [
  { name: 'anon key', client: connect(keys.anon), viewer: 'anonymous' },
  { name: 'publishable key', client: connect(keys.publishable), viewer: 'anonymous' },
  { name: 'anon key and a token', client: connect(keys.anon, tokens.marie), viewer: people.marie },
  { name: 'publishable key and a token', client: connect(keys.publishable, tokens.marie), viewer: people.marie },
  {
    name: 'token as a header, in the manner of servers',
    client: connect(keys.anon, undefined, { global: { headers: { Authorization: `Bearer ${tokens.karim}` } } }),
    viewer: people.karim,
  },
  { name: 'service key', client: connect(keys.service), viewer: 'service' },
  { name: 'secret key', client: connect(keys.secret), viewer: 'service' },
  {
    name: 'service key and a token: the token counts',
    client: connect(keys.service, tokens.karim),
    viewer: people.karim,
  },
  {
    name: 'secret key and a token: the token counts',
    client: connect(keys.secret, tokens.karim),
    viewer: people.karim,
  },
];
for (const { name, client, viewer } of KEYS) {
  test(name, async () => {
    const { count, error, status } = await notifications(client);
    assert.deepEqual([status, error], [200, null]);
    assert.equal(count, await countFor(viewer));
  });
}

const REFUSED = [
  { name: 'a token with a false signature', client: connect(keys.anon, tokens.forged), code: 'PGRST301' },
  {
    name: 'a token that is out of date',
    client: connect(keys.anon, tokens.expired),
    code: 'PGRST303',
    message: 'JWT expired',
  },
  { name: 'a token that is none', client: connect(keys.anon, 'nonsense'), code: 'PGRST301' },
  { name: 'a false token with the service key', client: connect(keys.service, tokens.forged), code: 'PGRST301' },
  { name: 'a false token with the secret key', client: connect(keys.secret, tokens.forged), code: 'PGRST301' },
  { name: 'an unknown publishable key', client: connect('sb_publishable_nobody'), message: 'Invalid API key' },
  { name: 'an unknown secret key', client: connect('sb_secret_nobody'), message: 'Invalid API key' },
  {
    name: 'a secret key in a browser',
    client: connect(keys.secret, undefined, {
      global: { headers: { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64)' } },
    }),
    status: 401,
  },
];
for (const { name, client, ...wanted } of REFUSED) {
  test(`refused: ${name}`, async () => {
    const { data, error, status } = await client.from('profiles').select('id').limit(1);
    assert.deepEqual([status, data], [401, null]);
    assert.deepEqual(Object.keys(error).sort(), ['code', 'details', 'hint', 'message']);
    if (wanted.code) assert.equal(error.code, wanted.code);
    if (wanted.message) assert.equal(error.message, wanted.message);
  });
}

const PRIVATE = [
  'saved_resources',
  'resource_shares',
  'groups',
  'group_members',
  'notifications',
  'user_roles',
  'admin_config',
  'analytics_events',
  'api_tokens',
];
for (const table of PRIVATE) {
  test(`anonymous reads of ${table} find nothing, without an error`, async () => {
    const { data, error, status } = await callers.anonymous.client.from(table).select('*');
    assert.deepEqual([status, error, data], [200, null, []]);
  });
}

test('a private resource and a missing one are the same to a stranger', async () => {
  const read = (id) => callers.karim.client.from('resources').select('*').eq('id', id).single();
  const [hidden, missing] = [await read(seeded(2, 4)), await read(seeded(2, 999999))];
  assert.equal(hidden.error.code, 'PGRST116');
  assert.deepEqual(hidden, missing);
});

test('a share that has run out opens nothing', async () => {
  const [{ id, recipient }] = await expected(
    `select resource_id as id, shared_with_user_id as recipient from public.resource_shares s
      join public.resources r on r.id = s.resource_id
     where s.expires_at < now() and s.shared_with_user_id in ('${people.marie}', '${people.karim}') and $1 <> ''
       and r.user_id not in ('${people.marie}', '${people.karim}') limit 1`,
    people.marie,
  );
  const { client } = recipient === people.marie ? callers.marie : callers.karim;
  const shares = await client
    .from('resource_shares')
    .select('id, resources(id)')
    .eq('resource_id', id)
    .eq('shared_with_user_id', recipient);
  assert.deepEqual(
    shares.data.map((share) => share.resources),
    [null],
  );
});

test('embeds and counts show no more than the tables', async () => {
  const { data } = await callers.anonymous.client
    .from('profiles')
    .select('username, notifications(id), saved_resources(id), resources(visibility)')
    .eq('id', people.marie)
    .single();
  assert.deepEqual([data.notifications, data.saved_resources], [[], []]);
  assert.deepEqual([...new Set(data.resources.map((resource) => resource.visibility))], ['public']);
});

test('many people at once, each with their own rows', async () => {
  const names = ['marie', 'karim', 'admin', 'anonymous'];
  const asked = Array.from({ length: 200 }, (_, n) => names[n % names.length]);
  const answers = await Promise.all(
    asked.map((name) => callers[name].client.from('notifications').select('user_id').limit(5)),
  );
  answers.forEach(({ data, error }, n) => {
    assert.equal(error, null);
    assert.equal(data.length, asked[n] === 'anonymous' ? 0 : 5);
    assert.ok(data.every((row) => row.user_id === people[asked[n]]));
  });
});
