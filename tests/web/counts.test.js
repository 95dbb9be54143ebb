/** Counts of tokens in words: one, some, more than the server counts, and none. */

import assert from 'node:assert/strict';
import test from 'node:test';

import {
  choicesFor, consequence, itsTokens, mayHaveTokens, questionFor, revokedTokens,
} from '../../chalicelib/web/counts.js';

const summary = (members) => ({ working: 12, not_ended: 12, used_in_30_days: 9, is_complete: true, ...members });
const ONE = summary({ working: 1, not_ended: 1, used_in_30_days: 1 });
const MANY = summary({ working: 1001, not_ended: 1002, used_in_30_days: 1500 });
const INCOMPLETE = summary({ is_complete: false });
const UNKNOWN = summary({ working: 0, not_ended: 0, used_in_30_days: 0, is_complete: false });
const NONE = { ...UNKNOWN, is_complete: true };

test('a change says how many tokens it touches, and how many of them were used', () => {
  assert.equal(consequence(summary(), 'refused'), '12 tokens are refused. 9 were used in the last 30 days.');
  assert.equal(consequence(ONE, 'revoked'), '1 token is revoked. 1 was used in the last 30 days.');
  assert.equal(consequence(MANY, 'revoked'),
    'More than 1,000 tokens are revoked. More than 1,000 were used in the last 30 days.');
  assert.equal(consequence(INCOMPLETE, 'revoked'),
    'At least 12 tokens are revoked. At least 9 were used in the last 30 days.');
  assert.equal(consequence(summary({ used_in_30_days: 0 }), 'revoked'),
    '12 tokens are revoked. None was used in the last 30 days.');
  assert.equal(consequence(NONE, 'revoked'), 'The user has no tokens left.');
  for (const unknown of [null, UNKNOWN]) {
    assert.equal(consequence(unknown, 'revoked'), 'All tokens of the user are revoked.');
  }
});

test('a removal names the tokens that go with the account', () => {
  const named = [summary(), ONE, MANY, INCOMPLETE, null, UNKNOWN, NONE].map(itsTokens);
  assert.deepEqual(named, ['its 12 tokens', 'its 1 token', 'its more than 1,000 tokens', 'its at least 12 tokens',
    'all its tokens', 'all its tokens', '']);
});

test('the question of a re-activation has the number of tokens', () => {
  assert.equal(questionFor(summary()), 'What happens to the 12 tokens from before?');
  assert.equal(questionFor(ONE), 'What happens to the 1 token from before?');
  assert.equal(questionFor(MANY), 'What happens to the more than 1,000 tokens from before?');
  for (const unknown of [null, UNKNOWN]) {
    assert.equal(questionFor(unknown), 'What happens to the tokens from before?');
  }
});

const parts = (counts, part) => Object.values(choicesFor(counts)).map((choice) => choice[part]);

test('the choices of a re-activation say what is true', () => {
  const revoked = (number) => `${number}, for good. What still uses them stays refused.`;
  for (const counts of [summary(), ONE, MANY, null]) {
    assert.deepEqual(parts(counts, 'label'), ['They work again', 'They are revoked now']);
  }
  assert.deepEqual(parts(summary(), 'hint'), ['All 12, at once. 9 were used in the last 30 days.', revoked('All 12')]);
  assert.deepEqual(parts(ONE, 'hint'), ['The only one, at once. 1 was used in the last 30 days.',
    revoked('The only one')]);
  assert.deepEqual(parts({ ...MANY, working: 1002 }, 'hint'), [
    'More than 1,000, at once. More than 1,000 were used in the last 30 days.', revoked('More than 1,000')]);
  assert.deepEqual(parts(INCOMPLETE, 'hint'), ['At least 12, at once. At least 9 were used in the last 30 days.',
    revoked('At least 12')]);
  for (const unknown of [null, UNKNOWN]) {
    assert.deepEqual(parts(unknown, 'hint'), ['All of them, at once. Paused and idle tokens stay as they are.',
      revoked('All of them')]);
  }
});

test('the button says what happens', () => {
  assert.deepEqual(parts(summary(), 'confirm'), ['Re-activate with 12 tokens', 'Re-activate, revoke 12 tokens']);
  assert.deepEqual(parts(ONE, 'confirm'), ['Re-activate with 1 token', 'Re-activate, revoke 1 token']);
  assert.deepEqual(parts(MANY, 'confirm'), ['Re-activate with more than 1,000 tokens',
    'Re-activate, revoke more than 1,000 tokens']);
  assert.deepEqual(parts(null, 'confirm'), ['Re-activate with the tokens', 'Re-activate, revoke the tokens']);
});

test('tokens that do not work again are named', () => {
  const used = '9 were used in the last 30 days.';
  const hint = (working) => choicesFor(summary({ working })).restore.hint;
  assert.equal(hint(11), `11 of 12, at once. 1 paused or idle token stays as it is. ${used}`);
  assert.equal(hint(9), `9 of 12, at once. 3 paused or idle tokens stay as they are. ${used}`);
  assert.equal(hint(0), `None at once. 12 paused or idle tokens stay as they are. ${used}`);
});

test('a user without tokens leaves nothing to choose', () => {
  assert.equal(mayHaveTokens(NONE), false);
  for (const counts of [null, UNKNOWN, ONE, INCOMPLETE]) assert.equal(mayHaveTokens(counts), true);
});

test('a re-activation says how many tokens it has revoked', () => {
  assert.equal(revokedTokens({ count: 12, is_more: false }), ' 12 tokens are revoked.');
  assert.equal(revokedTokens({ count: 1, is_more: false }), ' 1 token is revoked.');
  assert.equal(revokedTokens({ count: 1000, is_more: false }), ' 1,000 tokens are revoked.');
  assert.equal(revokedTokens({ count: 1000, is_more: true }), ' More than 1,000 tokens are revoked.');
  assert.equal(revokedTokens({ count: 7, is_more: true }), ' At least 7 tokens are revoked.');
  assert.equal(revokedTokens({ count: 0, is_more: false }), '');
  assert.equal(revokedTokens(null), ' The tokens from before are revoked.');
});
