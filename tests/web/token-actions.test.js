/** What can be done with a token in each of its states, and why not. */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { load } from './browser.js';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const [BEFORE, AFTER] = ['2026-11-01T12:00:00.000Z', '2026-12-20T12:00:00.000Z'];
mock.timers.enable({ apis: ['Date'], now: NOW });
const { menuItems } = await load('token-actions.js', { limits: '{"white_space": " "}' });

const token = (members) => ({ id: 'tok_1', name: 'bot', status: 'active', expires_at: null, idle_at: AFTER,
  overlap_ends_at: null, successor_id: null, last_used_at: null, revoked_reason: null, ...members });

/** Returns the labels of a menu with their reasons, and "|" for a line. */
const said = (items) => items.map((item) => (item ? item.label + (item.reason ? `: ${item.reason}` : '') : '|'));

const OPEN = ['Open', 'Edit', 'Copy token id', '|'];
const ENDED = (reason) => ['Open', `Edit: ${reason}`, 'Copy token id', '|', `Rotate: ${reason}`, `Pause: ${reason}`,
  `Keep alive: ${reason}`, '|', `Revoke…: ${reason}`];
const AWAY = [...OPEN, 'Rotate: Re-activate it first', 'Re-activate', 'Keep alive: Re-activate it first', '|',
  'Revoke…'];
const ROTATED = [...OPEN, 'Rotate: It was rotated already', 'Pause', 'Keep alive: It was rotated already', '|',
  'Revoke…'];
const SUCCESSOR = 'tok_01m8544fxztcng4gnx9ghwkzd4anffzbe6dd';

for (const [state, members, items] of [
  ['active', {}, [...OPEN, 'Rotate', 'Pause', 'Keep alive', '|', 'Revoke…']],
  ['paused', { status: 'inactive' }, AWAY],
  ['idle', { status: 'idle', idle_at: BEFORE }, AWAY],
  ['idle by the clock', { idle_at: BEFORE }, AWAY],
  ['expired', { status: 'expired', expires_at: BEFORE }, [...OPEN, 'Rotate: It has expired', 'Pause: It has expired',
    'Keep alive: It has expired', '|', 'Revoke…']],
  ['expired by the clock', { expires_at: BEFORE }, [...OPEN, 'Rotate: It has expired', 'Pause: It has expired',
    'Keep alive: It has expired', '|', 'Revoke…']],
  ['revoked', { status: 'revoked', revoked_reason: 'owner' }, ENDED('It is revoked')],
  ['exposed', { status: 'revoked', revoked_reason: 'exposed' }, ENDED('It was exposed and is revoked')],
  ['rotated', { status: 'revoked', revoked_reason: 'rotated', successor_id: SUCCESSOR, overlap_ends_at: BEFORE },
    ENDED('It was replaced and has ended')],
  ['rotated by the clock', { successor_id: SUCCESSOR, overlap_ends_at: BEFORE },
    ENDED('It was replaced and has ended')],
  ['stopped with its owner', { status: 'inactive', owner: { status: 'inactive' } }, [...OPEN, 'Rotate: Its owner is'
    + ' deactivated', 'Pause: Its owner is deactivated', 'Keep alive: Its owner is deactivated', '|', 'Revoke…']],
  ['in its overlap', { successor_id: SUCCESSOR, overlap_ends_at: AFTER }, ROTATED],
  ['still used', { successor_id: SUCCESSOR, overlap_ends_at: AFTER, last_used_at: '2026-11-29T11:00:00.000Z' },
    ROTATED],
]) {
  test(`the menu of a token that is ${state}`, () => assert.deepEqual(said(menuItems(token(members))), items));
}

for (const [members, items] of [
  [{}, ['Open', 'Copy token id', '|', 'Pause', '|', 'Revoke…']],
  [{ status: 'inactive' }, ['Open', 'Copy token id', '|', 'Re-activate', '|', 'Revoke…']],
  [{ status: 'revoked', revoked_reason: 'admin' }, ['Open', 'Copy token id', '|', 'Pause: It is revoked', '|',
    'Revoke…: It is revoked']],
]) {
  test(`an administrator's menu has ${items.join(', ')}`, () => {
    assert.deepEqual(said(menuItems(token(members), { owner: 'usr_1' })), items);
  });
}

test('only a revocation that can be done has the colour of danger', () => {
  const revoke = (members) => menuItems(token(members)).at(-1).isDanger;
  assert.equal(revoke({}), true);
  assert.equal(revoke({ status: 'revoked', revoked_reason: 'owner' }), false);
});
