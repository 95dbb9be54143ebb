/** The ticked tokens of "All tokens", and the order of a list. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { Selection } from '../../chalicelib/web/selection.js';
import { inOrder } from '../../chalicelib/web/sort-heads.js';

const LOADED = ['a', 'b', 'c', 'd'];

test('tokens are ticked one by one and in ranges', () => {
  let changes = 0;
  const selection = new Selection(() => { changes += 1; });
  selection.toggle('b', LOADED);
  selection.addUpTo('d', LOADED);
  assert.deepEqual([...selection.ids], ['b', 'c', 'd']);
  selection.toggle('c', LOADED);
  assert.equal(selection.has('c'), false);
  // Backwards, from the last one that was touched.
  selection.addUpTo('a', LOADED);
  assert.deepEqual([...selection.ids].sort(), LOADED);
  selection.clear();
  assert.equal(selection.isEmpty, true);
  assert.equal(changes, 5);
});

test('a range without a beginning is the token alone', () => {
  const selection = new Selection(() => {});
  selection.addUpTo('c', LOADED);
  assert.deepEqual([...selection.ids], ['c']);
});

test('if one of all is unticked, the other loaded ones stay ticked, and none that was not seen', () => {
  const selection = new Selection(() => {});
  selection.setAll();
  assert.equal(selection.has('not loaded'), true);
  selection.toggle('a', LOADED);
  assert.deepEqual([selection.isAll, [...selection.ids]], [false, ['b', 'c', 'd']]);
});

test('items without a value are last in both directions', () => {
  const columns = [{ id: 'at', word: '', value: ({ at }) => at }];
  const items = [{ at: null }, { at: 1 }, { at: 3 }, { at: 2 }];
  const ats = (order) => inOrder(items, columns, order).map(({ at }) => at);
  assert.deepEqual(ats('at'), [1, 2, 3, null]);
  assert.deepEqual(ats('-at'), [3, 2, 1, null]);
  assert.deepEqual(ats('other'), [null, 1, 3, 2]);
  assert.deepEqual(ats(''), [null, 1, 3, 2]);
});
