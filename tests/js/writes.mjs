// Runs a table of writes: each entry through the client; then its answer, and what PostgreSQL has, asked past the
// gateway, are compared with what should be. Every entry starts from the seeded rows.

import assert from 'node:assert/strict';
import test from 'node:test';

import { callers, expected, people, restore } from './gateway.mjs';
import { canonical } from './reads.mjs';

/**
 * One test for each entry and caller. An entry has
 * - `name`, and `write`, the chain: a function of the client and the caller's id;
 * - `as`: names of callers;
 * - `status`; for those that succeed `data` (null if nothing was asked for) or `returned`, a query for it that is run
 *   after the write (`one`: it is a single object), and `count`; for those that fail `error`, parts of the error;
 * - `state` and `is`: a query ($1 is the caller's id) and what it must find afterwards.
 *   What fails must leave everything as it was.
 */
export function writes(entries) {
  for (const entry of entries) {
    for (const name of entry.as) {
      test(`${entry.name} (${name})`, () => check(entry, name));
    }
  }
}

async function check(entry, name) {
  await restore();
  const { client, viewer } = callers[name];
  const answer = await entry.write(client, people[name]);
  if (entry.error) {
    assert.equal(answer.status, entry.status, JSON.stringify(answer));
    assert.equal(answer.data, null);
    for (const [key, value] of Object.entries(entry.error)) {
      assert.deepEqual(answer.error[key], value);
    }
    assert.deepEqual(await expected('select name from kept.touched', viewer), []);
    return;
  }
  assert.equal(answer.error, null, JSON.stringify(answer.error));
  assert.equal(answer.status, entry.status);
  if (entry.returned) {
    const rows = await expected(entry.returned, viewer);
    assert.ok(rows.length > 0, 'the query for what should be returned found nothing');
    assert.equal(canonical(answer.data), canonical(entry.one ? rows[0] : rows));
  } else {
    assert.deepEqual(answer.data, entry.data ?? null);
  }
  assert.equal(answer.count, entry.count ?? null);
  if (entry.state) {
    assert.deepEqual(await expected(entry.state, viewer), entry.is);
  }
}
