/** How much of a list is there, in words. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { howMany } from '../../chalicelib/web/list-words.js';

const walk = (found, members) => (
  { items: Array(found).fill({}), read: found, pages: 1, isComplete: false, ...members });
const words = (found, members, about) => howMany(walk(found, members), ['user', 'users'], about);

test('a whole list is counted', () => {
  assert.equal(words(1, { isComplete: true }), '1 user');
  assert.equal(words(1284, { isComplete: true }, () => ', 211 people'), '1,284 users, 211 people');
  assert.equal(words(0, { isComplete: true }, () => ', 0 people'), 'No users');
});

test('a part of a list is not called the whole', () => {
  assert.equal(words(50), '50 users shown');
});

test('a search with few hits says how far it has looked', () => {
  assert.equal(words(3, { pages: 20 }), '3 users shown. Looked at 20 pages so far');
  assert.equal(words(0, { pages: 1 }), 'No users found yet. Looked at 1 page so far');
  assert.equal(words(4, { read: 2000, pages: 20 }), '4 users shown. Looked at 2,000 users so far');
});
