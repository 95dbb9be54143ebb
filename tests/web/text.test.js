/** Lengths and white space: the same as on the server, at the borders. */

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { load } from './browser.js';

// The server renders its own table into the page. test_limits.py compares every character with Python.
const WHITE_SPACE = '\\x09-\\x0d\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const KEY = '🔑';

let text;

beforeEach(async () => {
  text = await load('text.js', { limits: JSON.stringify({ white_space: WHITE_SPACE }) });
});

for (const [given, kept] of [
  ['  ci  ', 'ci'],
  ['\u0085\u001cci\u001f\u3000', 'ci'],
  ['\ufeffci\ufeff', '\ufeffci\ufeff'],
  ['a  b', 'a  b'],
  [' \t ', ''],
  ['', ''],
]) {
  test(`${JSON.stringify(given)} is trimmed as on the server`, () => assert.equal(text.trimmed(given), kept));
}

for (const [given, length] of [
  ['', 0],
  [KEY, 1],
  [KEY.repeat(100), 100],
  [` ${KEY.repeat(100)} `, 100],
  ['e\u0301', 2],
  ['👩\u200d💻', 3],
  ['\ud83d', 1],
]) {
  test(`${JSON.stringify(given.slice(0, 9))} has ${length} code points`, () => {
    assert.equal(text.lengthOf(given), length);
  });
}

test('a long run of white space is trimmed in linear time', () => {
  assert.equal(text.lengthOf(`x${' '.repeat(1_000_000)}y`), 1_000_002);
});

for (const [count, note] of [
  [0, ''],
  [79, ''],
  [80, '20 characters left.'],
  [99, '1 character left.'],
  [100, '0 characters left.'],
  [101, '1 character too many. At most 100 are allowed.'],
  [150, '50 characters too many. At most 100 are allowed.'],
]) {
  test(`${count} characters of 100 give "${note}"`, () => {
    assert.equal(text.lengthNote(KEY.repeat(count), 100), note);
  });
}
