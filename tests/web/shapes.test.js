/** Shapes of responses: what the page needs must be there, and everything else may be. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { load } from './browser.js';

const AT = '2026-01-31T12:00:00.000Z';
const TOKEN = {
  id: 'tok_1', name: '', description: '', status: 'active', scopes: ['api:read'], created_at: AT, updated_at: AT,
  last_used_at: null, last_used_from: null, idle_at: AT, expires_at: null, allowed_networks: [], revoked_at: null,
  predecessor_id: null, successor_id: null, overlap_ends_at: null, last_reused_at: null, effective_by: null,
  refused: { count: 0, last_at: null, last_reason: null }, usage: [0, 1], networks: [],
};
const NOTE = { count: 0, at: null };
const SUMMARY = {
  total: 1, live: 1, limit: 100, not_ended: 1, ended: 0, used_in_30_days: 0, statuses: { inactive: 0, idle: 0 },
  expiring: NOTE, idling: NOTE, never_used: NOTE, used_in_overlap: NOTE, used_after_overlap: NOTE, exposed: NOTE,
  refused: NOTE,
};
const USER = { id: 'usr_1', status: 'active', subject: 'ada', name: '', email: '', live_tokens: 0 };
const EVENT = { id: 'evt_1', type: 'token.created', at: AT, changes: { name: { before: null, after: 'x' } },
  actor: { kind: 'person', description: 'the owner', id: null }, user: null };
const JOB = { id: 'job_1', status: 'running', progress: { done: 0, total: null },
  counts: { tokens: 0, people: 0, already_revoked: 0, not_found: 0, failed: 0 } };

let shapes;

before(async () => {
  shapes = await load('shapes.js');
});

for (const [name, whole, needed] of [
  ['isToken', TOKEN, ['id', 'name', 'description', 'status', 'scopes', 'created_at', 'idle_at', 'allowed_networks',
    'refused']],
  ['isOwnedToken', { ...TOKEN, owner: { id: 'usr_1' } }, ['id', 'owner']],
  ['isSummary', SUMMARY, Object.keys(SUMMARY)],
  ['isUser', USER, ['id', 'status', 'subject']],
  ['isEvent', EVENT, ['id', 'type', 'at', 'changes', 'actor']],
  ['isJob', JOB, Object.keys(JOB)],
  ['isUsage', { days: [{ date: '2026-01-31', at_least: 0 }] }, ['days']],
  ['isCounts', { not_ended: 1, used_in_30_days: 0 }, ['not_ended', 'used_in_30_days']],
  ['isCount', { count: 1 }, ['count']],
]) {
  test(`${name} accepts what the server sends, also with new members`, () => {
    assert.equal(shapes[name](whole), true);
    assert.equal(shapes[name]({ ...whole, new_member: {} }), true);
  });

  test(`${name} needs each member in its own type`, () => {
    for (const other of [null, undefined, 1, '', [], {}, [{}]]) assert.equal(shapes[name](other), false);
    for (const member of needed) {
      for (const other of [undefined, null, true, [null]]) {
        assert.equal(shapes[name]({ ...whole, [member]: other }), false, `${member}: ${JSON.stringify(other)}`);
      }
    }
  });
}

test('a member that may be missing has its type or is null', () => {
  for (const [member, wrong] of [['expires_at', 'soon'], ['last_used_at', 1], ['usage', ['1']], ['networks', [{}]],
    ['successor_id', {}], ['refused', { count: 1, last_at: 'x' }]]) {
    assert.equal(shapes.isToken({ ...TOKEN, [member]: wrong }), false, member);
  }
  const { usage, networks, ...listed } = TOKEN;
  assert.equal(shapes.isToken(listed), true, `without ${usage} and ${networks}`);
});

test('a response that does not fit is a problem in the words of the page', () => {
  const response = { data: {}, etag: null };
  assert.equal(shapes.fitting(() => true)(response), response);
  assert.throws(() => shapes.fitting(shapes.isToken)(response),
    /The server sent a response that this page cannot read\. Try again\./);
});
