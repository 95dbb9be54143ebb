/** Times in words, at the borders between two words. */

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { load } from './browser.js';

const NOW = Date.parse('2026-01-31T12:00:00.000Z');
const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];

let times;

beforeEach(async () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['Date'], now: NOW });
  times = await load('times.js');
});

const at = (offset) => new Date(NOW + offset).toISOString();

for (const [offset, words] of [
  [0, 'just now'],
  [-9 * SECOND, 'just now'],
  [-10 * SECOND, '10 seconds ago'],
  [SECOND, 'in 1 second'],
  [-59 * SECOND, '59 seconds ago'],
  [-59.5 * SECOND, '1 minute ago'],
  [-59.4 * MINUTE, '59 minutes ago'],
  [-59.5 * MINUTE, '1 hour ago'],
  [3 * HOUR, 'in 3 hours'],
  [-23.4 * HOUR, '23 hours ago'],
  [-23.5 * HOUR, '1 day ago'],
  [99 * DAY, 'in 99 days'],
  [100 * DAY, 'in 3 months'],
  [-365 * DAY, '12 months ago'],
  [730 * DAY, 'in 2 years'],
  [-40_000 * DAY, '110 years ago'],
]) {
  test(`${offset} ms from now is "${words}"`, () => {
    assert.equal(times.relative(at(offset)), words);
  });
}

for (const [milliseconds, words] of [
  [SECOND, '1 second'], [0, '1 second'], [90 * SECOND, '2 minutes'], [DAY, '1 day'], [30 * DAY, '30 days'],
]) {
  test(`${milliseconds} ms are "${words}"`, () => {
    assert.equal(times.duration(milliseconds), words);
  });
}

for (const [seconds, words] of [
  ['0', ''],
  ['30', ' It takes effect everywhere within 30 s.'],
  ['119', ' It takes effect everywhere within 119 s.'],
  ['121', ' It takes effect everywhere within 3 minutes.'],
]) {
  test(`a cache of ${seconds} s is never rounded down`, () => {
    globalThis.document.body.dataset.cacheSeconds = seconds;
    assert.equal(times.everywhere(), words);
  });
}

test('until is negative once a time has passed', () => {
  assert.equal(times.until(at(-5)), -5);
  assert.equal(times.until(at(5)), 5);
});
