/** Status, end and access of a token in words, by the clock of the page. */

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { load } from './browser.js';

const NOW = Date.parse('2026-01-31T12:00:00.000Z');
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const SCOPES = JSON.stringify({ 'api:read': { title: 'Read' }, 'api:write': { title: 'Write' },
  'reports:export': { title: 'Reports' } });

let state;

beforeEach(async () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['Date'], now: NOW });
  state = await load('token-state.js', { scopes: SCOPES, limits: '{"idle_days": 30}' });
});

const at = (offset) => new Date(NOW + offset).toISOString();

/** Returns the id of a token that was made at a time. */
function idAt(offset) {
  let [left, digits] = [NOW + offset, ''];
  for (let count = 0; count < 10; count += 1) {
    digits = '0123456789abcdefghjkmnpqrstvwxyz'[left % 32] + digits;
    left = Math.floor(left / 32);
  }
  return `tok_${digits}${'1'.repeat(26)}`;
}

const token = (members) => ({ id: idAt(-90 * DAY), status: 'active', scopes: ['api:read'], allowed_networks: [],
  idle_at: at(20 * DAY), expires_at: null, overlap_ends_at: null, successor_id: null, last_used_at: null,
  updated_at: at(-DAY), revoked_at: null, ...members });

test('the id of a token tells when it was made', () => {
  assert.equal(state.timeOfId(idAt(-3 * DAY)), NOW - 3 * DAY);
});

for (const [name, members, word] of [
  ['an active token', {}, 'Active'],
  ['a paused token', { status: 'inactive', idle_at: at(-DAY) }, 'Paused'],
  ['an idle token', { status: 'idle', idle_at: at(-DAY) }, 'Idle'],
  ['a token that went idle since it was read', { idle_at: at(-1) }, 'Idle'],
  ['a token that expired since it was read', { expires_at: at(0) }, 'Expired'],
  ['a paused token that expired since', { status: 'inactive', expires_at: at(-1) }, 'Expired'],
  ['a rotated token in its overlap', { successor_id: idAt(-HOUR), overlap_ends_at: at(HOUR) }, 'Rotated'],
  ['a rotated token that is still used', { successor_id: idAt(-HOUR), overlap_ends_at: at(HOUR),
    last_used_at: at(-MINUTE) }, 'Still used'],
  ['a rotated token that was used before the rotation', { successor_id: idAt(-HOUR), overlap_ends_at: at(HOUR),
    last_used_at: at(-2 * HOUR) }, 'Rotated'],
  ['a token whose overlap ended since it was read', { successor_id: idAt(-DAY), overlap_ends_at: at(-1),
    last_used_at: at(-MINUTE) }, 'Rotated'],
  ['a rotated token after its overlap', { status: 'revoked', revoked_reason: 'rotated', revoked_at: at(-DAY) },
    'Rotated'],
  ['a revoked token', { status: 'revoked', revoked_reason: 'owner', revoked_at: at(-DAY) }, 'Revoked'],
  ['a revoked token that would have expired', { status: 'revoked', revoked_reason: 'owner', revoked_at: at(-DAY),
    expires_at: at(-HOUR) }, 'Revoked'],
  ['a token of a deactivated owner', { status: 'inactive', owner: { status: 'inactive' } }, 'Stopped'],
  ['a token of a deactivated owner that was rotated', { status: 'inactive', owner: { status: 'inactive' },
    successor_id: idAt(-HOUR), overlap_ends_at: at(HOUR), last_used_at: at(-MINUTE) }, 'Stopped'],
  ['a token of a deactivated owner that expired', { status: 'expired', expires_at: at(-1),
    owner: { status: 'inactive' } }, 'Expired'],
  ['a revoked token of a deactivated owner', { status: 'revoked', revoked_reason: 'owner', revoked_at: at(-DAY),
    owner: { status: 'inactive' } }, 'Revoked'],
  ['a paused token of an active owner', { status: 'inactive', owner: { status: 'active' } }, 'Paused'],
  ['an exposed token', { status: 'revoked', revoked_reason: 'exposed', revoked_at: at(-DAY) }, 'Exposed'],
  ['a revoked token with a reason of a later release', { status: 'revoked', revoked_reason: 'new' }, 'Revoked'],
]) {
  test(`${name} is ${word}`, () => assert.equal(state.statusWords(token(members)).word, word));
}

for (const [name, members, text, tone] of [
  ['idles first', {}, 'Idle in 20 days', 'quiet'],
  ['idles soon', { idle_at: at(3 * DAY) }, 'Idle in 3 days', 'warn'],
  ['expires first', { expires_at: at(3 * DAY) }, 'Expires in 3 days', 'warn'],
  ['expires at the same moment', { expires_at: at(20 * DAY) }, 'Expires in 20 days', 'quiet'],
  ['is in its overlap', { successor_id: idAt(0), overlap_ends_at: at(6 * HOUR) }, 'Ends in 6 hours', 'quiet'],
  ['is paused', { status: 'inactive' }, 'No expiry', 'quiet'],
  ['is paused and expires', { status: 'inactive', expires_at: at(62 * DAY) }, 'Expires in 62 days', 'quiet'],
  ['is stopped', { status: 'inactive', owner: { status: 'inactive' } }, 'No expiry', 'quiet'],
  ['is idle', { status: 'idle', idle_at: at(-DAY) }, 'No expiry', 'quiet'],
  ['is 7 days from its end', { expires_at: at(7 * DAY) }, 'Expires in 7 days', 'warn'],
]) {
  test(`a token that ${name}: ${text}`, () => {
    const words = state.endsOf(token(members));
    assert.deepEqual([words.text, words.tone], [text, tone]);
  });
}

test('an ended token says when it ended, by its first end', () => {
  const words = state.endsOf(token({ status: 'revoked', revoked_at: at(-3 * DAY), expires_at: at(-DAY) }));
  assert.match(words.text, /^Ended .*28/);
});

for (const [scopes, text, more] of [
  [['api:read'], 'Read', 0],
  [['api:read', 'api:write'], 'Read and write', 0],
  [['api:read', 'reports:export'], 'Read, reports', 0],
  [['api:read', 'api:write', 'reports:export', 'x:y'], 'Read and write', 2],
  [['x:y'], 'x:y', 0],
  [[], 'Nothing', 0],
]) {
  test(`${scopes.join(' ')} is ${text} +${more}`, () => {
    const access = state.accessOf(token({ scopes }));
    assert.deepEqual([access.text, access.more, access.networks], [text, more, 'Anywhere']);
  });
}

test('what a form would make is said in full', () => {
  assert.equal(state.accessWords(['api:read']), 'Read only');
  assert.equal(state.accessWords(['api:read', 'api:write']), 'Read and write');
  assert.equal(state.accessWords(['api:read', 'api:write', 'reports:export']), 'Read, write, reports');
});
