/** Walks through lists of the API: short and empty pages, several queries, and failures. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { Walk } from '../../chalicelib/web/walk.js';

const item = (id) => ({ id });

/** Returns a loader of these pages, one for each cursor, and the queries that it was asked. */
function pages(...contents) {
  const asked = [];
  const load = async (query) => {
    asked.push(query);
    const at = Number(query.cursor ?? 0);
    if (contents[at] instanceof Error) throw contents[at];
    return { items: contents[at].map(item), cursor: at + 1 < contents.length ? String(at + 1) : null };
  };
  return { load, asked };
}

const idsOf = (walk) => walk.items.map(({ id }) => id);

test('a walk goes on over short and empty pages until it has enough', async () => {
  const { load, asked } = pages(['a'], [], ['b', 'c'], ['d']);
  const walk = new Walk([{ q: 'x' }], load);
  const told = [];
  await walk.more(2, () => told.push(walk.items.length));
  assert.deepEqual(idsOf(walk), ['a', 'b', 'c']);
  assert.deepEqual(told, [1, 1, 3]);
  assert.equal(walk.isComplete, false);
  await walk.more(2);
  assert.deepEqual(idsOf(walk), ['a', 'b', 'c', 'd']);
  assert.equal(walk.isComplete, true);
  assert.deepEqual(asked[1], { q: 'x', cursor: '1' });
});

test('a walk reads at most twenty pages at a time', async () => {
  const { load } = pages(...Array.from({ length: 30 }, () => []), ['last']);
  const walk = new Walk([{}], load);
  await walk.more(1);
  assert.deepEqual([walk.pages, walk.isComplete], [20, false]);
  await walk.more(1);
  assert.deepEqual([walk.pages, idsOf(walk)], [31, ['last']]);
});

test('queries follow one another, and no item comes twice', async () => {
  const found = { name: ['a', 'b'], owner: ['b', 'c'] };
  const walk = new Walk([{ by: 'name' }, { by: 'owner' }],
    async ({ by }) => ({ items: found[by].map(item), cursor: null }));
  await walk.more(9);
  assert.deepEqual(idsOf(walk), ['a', 'b', 'c']);
  assert.equal(walk.isComplete, true);
});

test('items that do not match are counted as read', async () => {
  const { load } = pages(['a', 'b'], ['c']);
  const walk = new Walk([{}], load, ({ id }) => id !== 'b');
  await walk.more(9);
  assert.deepEqual([idsOf(walk), walk.read], [['a', 'c'], 3]);
});

test('after a failure the walk begins again with the page that failed', async () => {
  const { load } = pages(['a'], new Error('down'), ['c']);
  let isDown = true;
  const walk = new Walk([{}], (query) => (query.cursor === '1' && !isDown
    ? Promise.resolve({ items: [item('b')], cursor: '2' }) : load(query)));
  await assert.rejects(walk.more(9), /down/);
  assert.deepEqual(idsOf(walk), ['a']);
  isDown = false;
  await walk.more(9);
  assert.deepEqual(idsOf(walk), ['a', 'b', 'c']);
});

test('a stopped walk rests until it is asked again', async () => {
  const { load, asked } = pages(['a'], ['b']);
  const walk = new Walk([{}], load);
  await walk.more(9, () => walk.stop());
  assert.equal(asked.length, 1);
  await walk.more(9);
  assert.equal(walk.isComplete, true);
});
