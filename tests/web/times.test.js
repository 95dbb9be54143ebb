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
  ['30', ' Refused everywhere within 30 seconds.'],
  ['119', ' Refused everywhere within 119 seconds.'],
  ['121', ' Refused everywhere within 3 minutes.'],
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

/** Loads the module in a browser of this language. Elements are plain objects. */
async function loadIn(language) {
  Object.defineProperty(globalThis, 'navigator', { value: { language }, configurable: true });
  const loaded = await load('times.js');
  globalThis.document.createElement = () => ({
    attributes: {},
    setAttribute(name, value) { this.attributes[name] = value; },
    append(...children) { this.text = children.join(''); },
  });
  return loaded;
}

test('a time that stands alone is in the language of the browser, and marked so', async () => {
  const german = await loadIn('de-DE');
  const { text, attributes } = german.timeElement(at(-3 * HOUR));
  assert.equal(text, 'vor 3 Stunden');
  assert.equal(attributes.lang, 'de-DE');
});

test('a time in a sentence is in English in every browser', async () => {
  const german = await loadIn('de-DE');
  assert.equal(german.relative(at(-3 * HOUR)), '3 hours ago');
  assert.equal(german.written(at(2 * DAY), 'day'), '2 Feb');
});

test('English browsers keep their own order of day and month', async () => {
  const american = await loadIn('en-US');
  assert.equal(american.written(at(2 * DAY), 'day'), 'Feb 2');
  assert.equal(american.timeElement(at(-3 * HOUR)).attributes.lang, undefined);
});

for (const [language, moment, clock] of [
  ['en-US', 'Feb 2, 4:09 AM', '4:09 AM'], ['en-GB', '2 Feb, 04:09', '04:09'], ['en-AU', '2 Feb, 4:09 am', '4:09 am'],
  ['de-DE', '2 Feb, 04:09', '04:09'],
]) {
  test(`only a clock of 24 hours has a leading zero: ${language}`, async () => {
    const { written } = await loadIn(language);
    const at4 = new Date(2026, 1, 2, 4, 9);
    assert.deepEqual(['moment', 'clock'].map((form) => written(at4, form).replaceAll('\u202f', ' ')), [moment, clock]);
  });
}

test('a clock of the browser has its own hours', async () => {
  const at4 = new Date(2026, 1, 2, 4, 9).toISOString();
  assert.equal((await loadIn('de-DE')).timeElement(at4, 'clock').text, '04:09');
  assert.equal((await loadIn('en-US')).timeElement(at4, 'clock').text.replaceAll('\u202f', ' '), '4:09 AM');
});

test('a time long ago is a date, with its year if that is far', async () => {
  const british = await loadIn('en-GB');
  assert.equal(british.timeElement(at(-60 * DAY)).text, '2 Dec');
  assert.equal(british.timeElement(at(-400 * DAY)).text, '27 Dec 2024');
  assert.equal(british.timeElement(at(-60 * DAY), 'ago').text, '60 days ago');
});
