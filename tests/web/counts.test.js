/** Counts of tokens in words: one, some, more than the server counts, and none. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { choicesFor, consequence, mayHaveTokens, revokedTokens } from '../../chalicelib/web/counts.js';

const summary = (members) => ({ working: 12, not_ended: 12, used_in_30_days: 9, is_complete: true, ...members });
const ONE = summary({ working: 1, not_ended: 1, used_in_30_days: 1 });
const MANY = summary({ working: 1001, not_ended: 1002, used_in_30_days: 1500 });
const INCOMPLETE = summary({ is_complete: false });
const UNKNOWN = summary({ working: 0, not_ended: 0, used_in_30_days: 0, is_complete: false });
const NONE = { ...UNKNOWN, is_complete: true };

test('a change says how many tokens it touches, and how many of them were used', () => {
  assert.equal(consequence(summary(), 'refused'),
    '12 API tokens of the user are refused. 9 were used in the last 30 days.');
  assert.equal(consequence(ONE, 'revoked'), '1 API token of the user is revoked. 1 was used in the last 30 days.');
  assert.equal(consequence(MANY, 'revoked'),
    'More than 1,000 API tokens of the user are revoked. More than 1,000 were used in the last 30 days.');
  assert.equal(consequence(INCOMPLETE, 'revoked'),
    'At least 12 API tokens of the user are revoked. At least 9 were used in the last 30 days.');
  assert.equal(consequence(summary({ used_in_30_days: 0 }), 'revoked'),
    '12 API tokens of the user are revoked. None was used in the last 30 days.');
  assert.equal(consequence(NONE, 'revoked'), 'The user has no API tokens left.');
  for (const unknown of [null, UNKNOWN]) {
    assert.equal(consequence(unknown, 'revoked'), 'All API tokens of the user are revoked.');
  }
});

test('the choices of a re-activation say what is true', () => {
  const labels = (counts) => Object.values(choicesFor(counts)).map(({ label }) => label);
  assert.deepEqual(labels(summary()), ['These 12 tokens work again', 'These 12 tokens are revoked now']);
  assert.deepEqual(labels(ONE), ['This token works again', 'This token is revoked now']);
  assert.deepEqual(labels(MANY), ['More than 1,000 tokens work again', 'More than 1,000 tokens are revoked now']);
  assert.deepEqual(labels(INCOMPLETE), ['At least 12 tokens work again', 'At least 12 tokens are revoked now']);
  assert.deepEqual(labels(summary({ working: 0, not_ended: 2 })),
    ['No token works again at once', 'These 2 tokens are revoked now']);
  for (const unknown of [null, UNKNOWN]) {
    assert.deepEqual(labels(unknown), ['The tokens from before work again', 'The tokens from before are revoked now']);
  }
});

test('tokens that do not work again are named', () => {
  assert.equal(choicesFor(summary()).restore.hint, '');
  assert.equal(choicesFor(summary({ working: 11 })).restore.hint, '1 paused or idle token stays as before.');
  assert.equal(choicesFor(summary({ working: 9 })).restore.hint, '3 paused or idle tokens stay as before.');
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
