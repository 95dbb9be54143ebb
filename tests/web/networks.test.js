/** Networks as a form checks them: the same answers as the server's rules. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from './browser.js';

const { checkNetwork, overlap } = await load('networks.js');

for (const [given, network] of [
  ['203.0.113.0/24', '203.0.113.0/24'],
  ['203.0.113.9', '203.0.113.9'],
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['128.0.0.0/1', '128.0.0.0/1'],
  ['203.0.113.9/32', '203.0.113.9/32'],
  ['2001:DB8:41:0::/48', '2001:db8:41::/48'],
  ['::1', '::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['fe80::/10', 'fe80::/10'],
]) {
  test(`${given} is a network`, () => assert.deepEqual(checkNetwork(given), { network }));
}

for (const [given, suggestion] of [
  ['10.40.6.7/24', '10.40.6.0/24'],
  ['255.255.255.255/1', '128.0.0.0/1'],
  ['2001:db8:41:1::/47', '2001:db8:40::/47'],
  ['::1/127', '::/127'],
]) {
  test(`${given} has bits after its prefix`, () => assert.deepEqual(checkNetwork(given), { suggestion }));
}

for (const given of [
  '', 'nonsense', '10.0.0.0/33', '10.0.0.0/0', '::/0', '::/129', '10.0.0', '010.0.0.0/8', '256.0.0.1', '1.2.3.4/8/8',
  '10.0.0.0/', '10.0.0.0/+8', ':::', 'g::1', '1:2:3:4:5:6:7:8:9', '[::1]', '::1%eth0', '0x7f.1', '1',
]) {
  test(`${JSON.stringify(given)} is none`, () => assert.deepEqual(checkNetwork(given), {}));
}

for (const [one, other, expected] of [
  ['140.82.114.0/24', '140.82.112.0/20', true],
  ['140.82.112.0/20', '140.82.114.7/32', true],
  ['140.82.114.7', '140.82.114.0/24', true],
  ['203.0.113.0/24', '140.82.112.0/20', false],
  ['10.0.0.0/9', '10.128.0.0/9', false],
  ['10.0.0.0/8', '::1', false],
  ['2001:db8:4100::/40', '2001:db8:41ff::9', true],
  ['2a0a:a440::/48', '2001:db8:4100::/40', false],
  ['1:2:3:4:5:6:7:8', '1:2:3:4::/64', true],
  ['nothing', '10.0.0.0/8', false],
  ['1::2::3', '::1', false],
]) {
  test(`${one} and ${other} ${expected ? 'have' : 'have no'} addresses in common`, () => {
    assert.equal(overlap(one, other), expected);
    assert.equal(overlap(other, one), expected);
  });
}
