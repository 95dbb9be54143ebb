/** The scale of the chart of uses. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { gridlines, namedDays, totals } from '../../chalicelib/web/chart-scale.js';

for (const [most, lines] of [
  [0, []],
  [1, [1]],
  [2, [1, 2]],
  [3, [1, 2, 3]],
  [4, [1, 2, 3, 4]],
  [5, [2, 4, 6]],
  [12, [4, 8, 12]],
  [337, [100, 200, 300, 400]],
  [1200, [400, 800, 1200]],
  [1204, [500, 1000, 1500]],
]) {
  test(`the gridlines of at most ${most} uses are ${lines}`, () => {
    assert.deepEqual(gridlines(most), lines);
  });
}

test('gridlines are three or four whole, equal steps, and the last is at or above the maximum', () => {
  for (let most = 3; most < 200_000; most += Math.ceil(most / 97)) {
    const lines = gridlines(most);
    assert.ok([3, 4].includes(lines.length), `${most}: ${lines}`);
    assert.ok(lines.at(-1) >= most && lines.at(-1) < most * 2, `${most}: ${lines}`);
    assert.ok(lines.every((line, index) => Number.isInteger(line) && line === lines[0] * (index + 1)));
    assert.match(String(lines[0]), /^([1-5]|25)0*$/);
  }
});

test('Mondays are named, and none beside today', () => {
  const dates = Array.from({ length: 30 }, (_, index) => new Date(Date.UTC(2026, 9, 31 + index)).toISOString());
  const named = (isNarrow) => namedDays(dates, isNarrow).map((index) => dates[index].slice(5, 10));
  assert.deepEqual(named(false), ['11-02', '11-09', '11-16', '11-23']);
  assert.deepEqual(named(true), ['11-02', '11-16']);
  const untilTuesday = [...dates, '2026-11-30T00:00:00Z', '2026-12-01T00:00:00Z'];
  assert.equal(namedDays(untilTuesday, false).length, 4);
});

test('totals name the busiest day', () => {
  assert.deepEqual(totals([1, 7, 2, 7]), { sum: 17, most: 7, busiest: 3 });
  assert.deepEqual(totals([0, 0]), { sum: 0, most: 0, busiest: -1 });
});
