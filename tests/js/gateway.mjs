// The gateway under test: its address and keys, the people who call it, and the owner's way into its database.

import { createClient } from '@supabase/supabase-js';
import postgres from 'postgres';

if (!process.env.PASSERELLE_TEST) {
  throw new Error('No gateway to test. These files are run by tests/clients/test_supabase_js.py.');
}
export const { url, keys, people, tokens, database } = JSON.parse(process.env.PASSERELLE_TEST);

// Node before version 22 has no WebSocket, and createClient insists on one. Nothing here connects.
class NoWebSocket {}

/** A client as an application makes it: with a key, and for those who are signed in with their token. */
export function connect(key, token, options = {}) {
  return createClient(url, key, {
    ...(token && { accessToken: async () => token }),
    realtime: { transport: NoWebSocket },
    ...options,
  });
}

/** Who asks: a client, and the name by which the schema `expected` knows the caller. */
export const callers = {
  anonymous: { client: connect(keys.anon), viewer: 'anonymous' },
  marie: { client: connect(keys.anon, tokens.marie), viewer: people.marie },
  karim: { client: connect(keys.anon, tokens.karim), viewer: people.karim },
  admin: { client: connect(keys.anon, tokens.admin), viewer: people.admin },
  service: { client: connect(keys.service), viewer: 'service' },
};

const owner = postgres({ ...database, max: 1, idle_timeout: 1, connection: { timezone: 'UTC' }, onnotice: () => {} });

/** The rows of a query as PostgreSQL writes them in JSON, asked past the gateway. `$1` is the viewer. */
export async function expected(query, viewer) {
  const [{ rows }] = await owner.unsafe(
    `select coalesce(json_agg(found), '[]')::text as rows from (${query}) as found where $1::text is not null`,
    [viewer],
  );
  return JSON.parse(rows);
}

/** Puts the seeded rows back. */
export async function restore() {
  await owner.unsafe('select kept.restore()');
}

/** The id of the n-th seeded row of a kind; see the seed files of the reference schema. */
export const seeded = (kind, n) => `${kind}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
