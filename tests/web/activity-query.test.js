/** The filters of "Activity": what the API is asked, and what is found. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './browser.js';

const { isAsked, isFound, kindOfId, spanOf, windowsOf } = await load('activity-query.js');

const NOW = Date.parse('2026-11-29T12:00:00Z');
const DAY = 86_400_000;

for (const [since, days] of [['', 7], ['1d', 1], ['7d', 7], ['30d', 30], ['90d', 90], ['all', 400], ['9999d', 7],
  ['constructor', 7], ['<b>', 7]]) {
  test(`“${since}” goes back ${days} days`, () => {
    assert.deepEqual(spanOf({ since }, 400, NOW), { since: NOW - days * DAY, until: NOW });
  });
}

test('two days stand for all of both, in the zone of the browser', () => {
  const { since, until } = spanOf({ since: '2026-11-01', until: '2026-11-02' }, 400, NOW);
  assert.equal(new Date(since).getTime(), new Date('2026-11-01T00:00').getTime());
  assert.equal(until, new Date('2026-11-03T00:00').getTime());
});

test('a last day before the first leaves a span that the API takes', () => {
  const { since, until } = spanOf({ since: '2026-11-05', until: '2026-11-01' }, 400, NOW);
  assert.ok(since < until);
});

test('windows of four days cover the span without a gap, the newest first', () => {
  const windows = windowsOf({ since: '30d', type: 'token.revoked', actor: 'administrator' }, 400, NOW);
  assert.equal(windows.length, 8);
  assert.equal(windows[0].until, '2026-11-29T12:00:00.000Z');
  assert.equal(windows.at(-1).since, new Date(NOW - 30 * DAY).toISOString());
  for (const [index, window] of windows.entries()) {
    assert.deepEqual([window.type, window.actor], ['token.revoked', 'administrator']);
    if (index) assert.equal(window.until, windows[index - 1].since);
  }
  assert.deepEqual(Object.keys(windowsOf({}, 400, NOW)[0]), ['since', 'until']);
});

const EVENT = { id: 'evt_1', type: 'token.paused', at: '2026-11-29T10:00:00.000Z', token_id: 'tok_1',
  request_id: 'Req-9', changes: {}, user: { id: 'usr_1', name: 'Usha User' },
  actor: { kind: 'administrator', id: 'usr_2', name: 'Ada Admin', address: '203.0.113.0/24' } };

for (const [text, found] of [['', true], ['ada', true], ['USHA', true], ['grafana', true], ['req-9', true],
  ['usr_2', true], ['203.0.113', true], ['nobody', false], ['undefined', false], ['null', false]]) {
  test(`“${text}” ${found ? 'finds' : 'does not find'} an event`, () => {
    assert.equal(isFound(EVENT, text, (id) => (id === 'tok_1' ? 'Grafana' : '')), found);
  });
}

test('an event without a user or an actor is searched too', () => {
  const actor = { kind: 'system', id: null, name: null, address: null };
  const system = { ...EVENT, user: null, token_id: null, actor };
  assert.equal(isFound(system, 'ada', () => ''), false);
  assert.equal(isFound(system, 'req', () => ''), true);
});

test('lists without filters are filtered here', () => {
  const span = { since: NOW - DAY, until: NOW };
  assert.equal(isAsked(EVENT, {}, span), true);
  assert.equal(isAsked(EVENT, { type: 'token.paused', actor: 'administrator' }, span), true);
  assert.equal(isAsked(EVENT, { type: 'token.revoked' }, span), false);
  assert.equal(isAsked(EVENT, { actor: 'person' }, span), false);
  assert.equal(isAsked(EVENT, {}, { since: NOW, until: NOW + DAY }), false);
});

test('ids are told from other texts', () => {
  assert.deepEqual(['usr_1a', 'tok_1a', 'usr_', 'usr_1/../x', 'ada'].map(kindOfId), ['user', 'token', '', '', '']);
});
