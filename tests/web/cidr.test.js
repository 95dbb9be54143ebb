/** Networks that are compared. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { overlap } from '../../chalicelib/web/cidr.js';

for (const [one, other, expected] of [
  ['140.82.114.0/24', '140.82.112.0/20', true],
  ['140.82.112.0/20', '140.82.114.7/32', true],
  ['140.82.114.7', '140.82.114.0/24', true],
  ['203.0.113.0/24', '140.82.112.0/20', false],
  ['10.0.0.0/8', '::/0', false],
  ['0.0.0.0/0', '255.1.2.3', true],
  ['2001:db8:4100::/40', '2001:db8:41ff::9', true],
  ['2a0a:a440::/48', '2001:db8:4100::/40', false],
  ['::1', '::/0', true],
  ['1:2:3:4:5:6:7:8', '1:2:3:4::/64', true],
  ['nothing', '10.0.0.0/8', false],
  ['1::2::3', '::/0', false],
  ['300.1.1.1', '0.0.0.0/0', false],
]) {
  test(`${one} and ${other} ${expected ? 'have' : 'have no'} addresses in common`, () => {
    assert.equal(overlap(one, other), expected);
    assert.equal(overlap(other, one), expected);
  });
}
