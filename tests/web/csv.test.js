/** Files with comma-separated values. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { csvOf } from '../../chalicelib/web/csv.js';

const cellOf = (value) => csvOf([value], []).slice(0, -2);

test('a file has a head and a line for each row', () => {
  assert.equal(csvOf(['a', 'b'], [['1', 2], ['x', null]]), 'a,b\r\n1,2\r\nx,\r\n');
});

test('commas, quotes and line breaks are quoted', () => {
  assert.equal(cellOf('a,b'), '"a,b"');
  assert.equal(cellOf('say "hi"'), '"say ""hi"""');
  assert.equal(cellOf('a\nb'), '"a\nb"');
});

test('no cell is a formula', () => {
  for (const begin of ['=', '+', '-', '@', '\t', '\r', ' =', '\n=']) {
    assert.match(cellOf(`${begin}HYPERLINK(1)`), /^"?'/, JSON.stringify(begin));
  }
  assert.equal(cellOf('=1+1'), "'=1+1");
  assert.equal(cellOf('2026-11-30T03:00:00Z'), '2026-11-30T03:00:00Z');
  assert.equal(cellOf('a=b'), 'a=b');
});
