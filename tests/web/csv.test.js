/** Tables as CSV files. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './browser.js';

const { csvOf } = await load('csv.js');

for (const [value, written] of [
  ['plain', 'plain'],
  ['', ''],
  [null, ''],
  [undefined, ''],
  [12, '12'],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\r\nlines', '"two\r\nlines"'],
  ['two\nlines', '"two\nlines"'],
  ['=1+1', "'=1+1"],
  ['+49', "'+49"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\tx', "'\tx"],
  ['\rx', '"\'\rx"'],
  ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  ['a=1', 'a=1'],
  [' =1', "' =1"],
  ['\r\n=1', '"\'\r\n=1"'],
]) {
  test(`the cell ${JSON.stringify(value) ?? 'undefined'} is written as ${JSON.stringify(written)}`, () => {
    assert.equal(csvOf(['head'], [[value, 'next']]), `head\r\n${written},next\r\n`);
  });
}

test('each line ends with CRLF, also the last one', () => {
  assert.equal(csvOf(['a', 'b'], [[1, 2], [3, 4]]), 'a,b\r\n1,2\r\n3,4\r\n');
  assert.equal(csvOf(['a'], []), 'a\r\n');
});
