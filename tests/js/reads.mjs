// Runs a table of reads: each entry through the client, compared with what its query says past the gateway.

import assert from 'node:assert/strict';
import test from 'node:test';

import { callers, expected, people } from './gateway.mjs';

/**
 * One test for each entry and caller. An entry has
 * - `name`, and `read`, the chain: a function of the client and the caller's id;
 * - `as`: names of callers;
 * - the outcome, one of
 *   `rows`: a query for exactly these rows; a column `_rank` of it says in which order they must come;
 *   `row`: a query for the one object, or null;
 *   `among` and `count`: so many rows of that query, whichever;
 *   `missing`: true for the error of a single row that is not there;
 * - `none`: those of the callers who must find nothing, while everyone else must find something.
 */
export function reads(entries) {
  for (const entry of entries) {
    for (const name of entry.as) {
      test(`${entry.name} (${name})`, () => check(entry, name));
    }
  }
}

async function check(entry, name) {
  const { client, viewer } = callers[name];
  const answer = await entry.read(client, people[name]);
  if (entry.missing) {
    assertMissing(answer);
    return;
  }
  assert.equal(answer.error, null);
  assert.equal(answer.status, 200);
  const wanted = await expected(entry.rows ?? entry.row ?? entry.among, viewer);
  assert.equal(wanted.length === 0, entry.none?.includes(name) ?? false, `the query found ${wanted.length} rows`);
  if (entry.rows) {
    assertRows(answer.data, wanted);
  } else if (entry.among) {
    const texts = wanted.map(canonical);
    assert.equal(answer.data.length, entry.count);
    assert.ok(answer.data.every((row) => texts.includes(canonical(row))));
  } else {
    assert.ok(wanted.length < 2);
    assert.equal(canonical(answer.data), canonical(wanted[0] ?? null));
  }
}

/** What single() says when there is no row. */
export function assertMissing({ data, error, status }) {
  assert.equal(data, null);
  assert.equal(status, 406);
  assert.deepEqual(error, {
    code: 'PGRST116',
    details: 'The result contains 0 rows',
    hint: null,
    message: 'Cannot coerce the result to a single JSON object',
  });
}

/** The same rows, as often; where the wanted ones have a rank, in that order (rows of equal rank as they please). */
export function assertRows(found, wanted) {
  assert.ok(Array.isArray(found));
  const ranks = new Map();
  const plain = wanted.map(({ _rank, ...row }) => {
    const text = canonical(row);
    assert.ok(_rank === undefined || !ranks.has(text), 'ranked rows must differ');
    ranks.set(text, _rank);
    return text;
  });
  const seen = found.map(canonical);
  const firstStray = found[seen.findIndex((text) => !ranks.has(text))];
  assert.equal(firstStray, undefined, 'this row should not be there, or is not as it should be');
  assert.deepEqual([...seen].sort(), [...plain].sort());
  assert.deepEqual(
    seen.map((text) => ranks.get(text)),
    plain.map((text) => ranks.get(text)),
  );
}

/** JSON in one form: members of objects sorted, and so are arrays of objects, which embeds have in any order. */
export function canonical(value) {
  if (Array.isArray(value)) {
    const inner = value.map(canonical);
    return `[${value.every((item) => item && typeof item === 'object') ? inner.sort() : inner}]`;
  }
  if (value && typeof value === 'object') {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`;
  }
  return JSON.stringify(value);
}
