/** Jobs for many tokens in words. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { ageWords, endWords, progressWords } from '../../chalicelib/web/job-words.js';

function job(members = {}, counts = {}) {
  return {
    action: 'revoke', status: 'finished', dry_run: false, progress: { done: 120, total: null },
    counts: { tokens: 120, people: 38, already_revoked: 0, not_found: 0, failed: 0, ...counts }, ...members,
  };
}

test('progress is said with the total if it is known', () => {
  assert.equal(progressWords(job({ progress: { done: 120, total: 214 } })),
    'Revoking 214 tokens: 120 of 214 done.');
  assert.equal(progressWords(job(), 1284), 'Revoking 1,284 tokens: 120 of 1,284 done.');
  // More tokens than were counted may match meanwhile.
  assert.equal(progressWords(job(), 100), 'Revoking 100 tokens: 100 of 100 done.');
  assert.equal(progressWords(job()), 'Revoking tokens: 120 revoked so far.');
  assert.equal(progressWords(job({ action: 'pause' })), 'Pausing tokens: 120 paused so far.');
  assert.equal(progressWords(job({ dry_run: true })), 'Counting: 120 so far.');
});

test('the end says what was done and what was not', () => {
  assert.equal(endWords(job()), '120 tokens of 38 people are revoked.');
  assert.equal(endWords(job({ action: 'pause' }, { tokens: 1, people: 1 })), '1 token of 1 person is paused.');
  assert.equal(endWords(job({}, { tokens: 0, people: 0, already_revoked: 2, not_found: 1 })),
    'No token is revoked. 2 were revoked before. 1 was not found.');
  assert.equal(endWords(job({}, { failed: 1 })),
    '120 tokens of 38 people are revoked. 1 is not revoked, because it kept changing.');
  assert.equal(endWords(job({ action: 'pause' }, { already_revoked: 1 })),
    '120 tokens of 38 people are paused. 1 was not active before.');
  assert.equal(endWords(job({ action: 'pause' }, { tokens: 0, people: 0, already_revoked: 2 })),
    'No token is paused. 2 were not active before.');
  assert.match(endWords(job({ status: 'stopped' })), /^The job has stopped, because its administrator is not one/);
});

test('the age of a count is said', () => {
  assert.deepEqual([0, 1, 5].map(ageWords), ['Counted just now', 'Counted 1 second ago', 'Counted 5 seconds ago']);
});
