// Signing up, in and out with the unmodified client.

import assert from 'node:assert/strict';
import test from 'node:test';

import { connect, keys } from './gateway.mjs';

let people = 0;
const somebody = () => ({ email: `someone${process.pid}-${people++}@b.co`, password: 'correct horse' });
const client = (options = {}) =>
  connect(keys.publishable, null, { auth: { persistSession: false, autoRefreshToken: false, ...options } });

const fine = ({ data, error }) => {
  assert.equal(error, null);
  return data;
};

test('sign-up makes an account, a session, and the profile of the application', async () => {
  const supabase = client();
  const person = somebody();
  const { user, session } = fine(await supabase.auth.signUp({ ...person, options: { data: { full_name: 'Ann Ah' } } }));
  assert.equal(user.email, person.email);
  assert.equal(user.user_metadata.full_name, 'Ann Ah');
  assert.equal(session.token_type, 'bearer');
  const [profile] = fine(await supabase.from('profiles').select('id, full_name').eq('id', user.id));
  assert.deepEqual(profile, { id: user.id, full_name: 'Ann Ah' });
  assert.equal(fine(await supabase.auth.getUser()).user.id, user.id);
});

test('sign-up with an address that is taken', async () => {
  const person = somebody();
  fine(await client().auth.signUp(person));
  const { data, error } = await client().auth.signUp(person);
  assert.deepEqual([data.user, data.session, error.code, error.status], [null, null, 'user_already_exists', 422]);
});

test('a password that is too weak says why', async () => {
  const { error } = await client().auth.signUp({ ...somebody(), password: 'short' });
  assert.deepEqual([error.name, error.code, error.reasons], ['AuthWeakPasswordError', 'weak_password', ['length']]);
});

test('sign-in, and a wrong password', async () => {
  const person = somebody();
  fine(await client().auth.signUp(person));
  const supabase = client();
  const wrong = await supabase.auth.signInWithPassword({ ...person, password: 'wrong horse' });
  assert.deepEqual([wrong.error.code, wrong.error.message], ['invalid_credentials', 'Invalid login credentials']);
  const { session } = fine(await supabase.auth.signInWithPassword(person));
  assert.equal(fine(await supabase.auth.getSession()).session.access_token, session.access_token);
});

test('a session is refreshed, by several at once too', async () => {
  const supabase = client();
  const { session } = fine(await supabase.auth.signUp(somebody()));
  const tabs = [client(), client(), client()];
  const refreshed = await Promise.all(
    tabs.map((tab) => tab.auth.refreshSession({ refresh_token: session.refresh_token })),
  );
  const tokens = new Set(refreshed.map((each) => fine(each).session.refresh_token));
  assert.equal(tokens.size, 1);
  assert.ok(!tokens.has(session.refresh_token));
});

test('sign-out ends the session everywhere', async () => {
  const person = somebody();
  const supabase = client();
  const { session } = fine(await supabase.auth.signUp(person));
  const other = client();
  fine(await other.auth.signInWithPassword(person));
  assert.equal((await supabase.auth.signOut()).error, null);
  const { error } = await other.auth.getUser();
  assert.deepEqual([error.name, error.code ?? error.name], ['AuthSessionMissingError', 'AuthSessionMissingError']);
  const late = await connect(keys.publishable, session.access_token).from('profiles').select('id').limit(1);
  assert.equal(late.status, 401);
});

test('the own account is changed', async () => {
  const person = somebody();
  const supabase = client();
  fine(await supabase.auth.signUp({ ...person, options: { data: { colour: 'red', size: 3 } } }));
  const { user } = fine(await supabase.auth.updateUser({ data: { colour: null, shape: 'round' } }));
  assert.deepEqual([user.user_metadata.colour, user.user_metadata.shape, user.user_metadata.size], [undefined, 'round', 3]);
  fine(await supabase.auth.updateUser({ password: 'battery staple' }));
  const old = await client().auth.signInWithPassword(person);
  assert.equal(old.error.code, 'invalid_credentials');
  fine(await client().auth.signInWithPassword({ ...person, password: 'battery staple' }));
});

test('claims are what the token says', async () => {
  const supabase = client();
  const { user } = fine(await supabase.auth.signUp(somebody()));
  const { claims } = fine(await supabase.auth.getClaims());
  assert.equal(claims.sub, user.id);
  const level = fine(await supabase.auth.mfa.getAuthenticatorAssuranceLevel());
  assert.deepEqual([level.currentLevel, level.nextLevel], ['aal1', 'aal1']);
});

test('recovery answers the same for everybody', async () => {
  const person = somebody();
  fine(await client().auth.signUp(person));
  for (const email of [person.email, somebody().email]) {
    assert.deepEqual(await client().auth.resetPasswordForEmail(email), { data: {}, error: null });
  }
});

test('what is not there says so', async () => {
  const supabase = client();
  const { error } = await supabase.auth.signInWithOtp({ phone: '4912345678' });
  assert.equal(error.code, 'phone_provider_disabled');
});
