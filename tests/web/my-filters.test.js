/** "My tokens": which tokens a filter shows, in which order, and which a search finds. */

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { load } from './browser.js';

const DAY = 24 * 3600 * 1000;
const iso = (days) => new Date(Date.now() + days * DAY).toISOString();
const idAt = (name) => `tok_01kfn0x7q2${name.padEnd(26, '0')}`;

const LIMITS = JSON.stringify({ idle_days: 30, white_space: ' ' });
let mine;

beforeEach(async () => {
  mine = await load('my-filters.js', { base: '', limits: LIMITS });
});

const NEVER_REFUSED = { count: 0, last_at: null, last_reason: null, last_from: null };

function token(name, members = {}) {
  return { id: idAt(name), name, description: '', status: 'active', last_used_at: null, idle_at: iso(30),
    expires_at: null, overlap_ends_at: null, successor_id: null, revoked_at: null, revoked_reason: null,
    last_reused_at: null, refused: NEVER_REFUSED, updated_at: iso(-40), ...members };
}

const revoked = (reason, days) => ({ status: 'revoked', revoked_reason: reason, revoked_at: iso(days) });
const TOKENS = [
  token('used', { last_used_at: iso(-1) }),
  token('new'),
  token('expiring', { last_used_at: iso(-1), expires_at: iso(6) }),
  token('expired', { last_used_at: iso(-1), expires_at: iso(-0.01) }),
  token('idling', { last_used_at: iso(-25), idle_at: iso(5) }),
  token('idle', { status: 'active', last_used_at: iso(-31), idle_at: iso(-1) }),
  token('toldidle', { status: 'idle', last_used_at: iso(-50), idle_at: iso(-20) }),
  token('paused', { status: 'inactive', last_used_at: iso(-2) }),
  token('ownerrevoked', { last_used_at: iso(-9), ...revoked('owner', -8) }),
  token('exposed', { last_used_at: iso(-9), ...revoked('exposed', -6) }),
  token('exposedlongago', { last_used_at: iso(-9), ...revoked('exposed', -8) }),
  token('refused', { last_used_at: iso(-1), refused: { ...NEVER_REFUSED, last_at: iso(-6), last_reason: 'network' } }),
  token('refusedlongago', { last_used_at: iso(-1), refused: { ...NEVER_REFUSED, last_at: iso(-8) } }),
  token('tried', { last_used_at: iso(-2), ...revoked('rotated', -2), last_reused_at: iso(-1),
    refused: { ...NEVER_REFUSED, last_at: iso(-1), last_reason: 'rotated' } }),
  token('rotated', { last_used_at: iso(-400), overlap_ends_at: iso(1), successor_id: idAt('used') }),
  token('stillused', { last_used_at: iso(0), overlap_ends_at: iso(1), successor_id: idAt('used') }),
  token('orphan', { last_used_at: iso(-400), overlap_ends_at: iso(1), successor_id: idAt('ownerrevoked') }),
];

const SHOWN = {
  live: ['used', 'new', 'expiring', 'idling', 'idle', 'toldidle', 'paused', 'refused', 'refusedlongago', 'orphan'],
  expiring: ['expiring'],
  idling: ['idling'],
  still_used: ['stillused'],
  tried: ['tried'],
  exposed: ['exposed'],
  refused: ['refused'],
  never_used: ['new'],
  unused: ['new', 'idle', 'toldidle', 'rotated', 'orphan'],
  paused: ['paused'],
  idle: ['idle', 'toldidle'],
  ended: ['expired', 'ownerrevoked', 'exposed', 'exposedlongago', 'tried'],
};

test('each filter shows its tokens, by the clock and not only by the status that the server told', () => {
  assert.deepEqual(mine.FILTERS.map(({ key }) => key).sort(), Object.keys(SHOWN).sort());
  const all = new Map(TOKENS.map((each) => [each.id, each]));
  for (const [key, names] of Object.entries(SHOWN)) {
    const { shows } = mine.filterOf(key);
    assert.deepEqual(TOKENS.filter((each) => shows(each, all)).map(({ name }) => name), names, key);
  }
});

test('an unknown filter shows all tokens', () => {
  for (const key of [undefined, '', 'all', 'constructor', '<b>']) assert.equal(mine.filterOf(key), mine.ALL);
});

const NAMES = {
  name: ['2nd', '10th', 'apple', 'Banana', 'été', null, null],
};

test('names are ordered as people order them, those without one last both ways', () => {
  const tokens = ['Banana', '', '10th', 'été', 'apple', '2nd', ''].map((name, index) => token(`n${index}`, { name }));
  const names = (sort) => mine.sorted(tokens, sort).map(({ name }) => name || null);
  assert.deepEqual(names('name'), NAMES.name);
  assert.deepEqual(names('-name'), [...NAMES.name.slice(0, 5).reverse(), null, null]);
});

test('tokens that were never used are last both ways, the newest of them first', () => {
  const tokens = [token('a'), token('b', { last_used_at: iso(-1) }), token('c'), token('d', { last_used_at: iso(-2) })];
  const names = (sort) => mine.sorted(tokens, sort).map(({ name }) => name);
  assert.deepEqual(names('-last_used_at'), ['b', 'd', 'c', 'a']);
  assert.deepEqual(names('last_used_at'), ['d', 'b', 'c', 'a']);
});

test('the end is the first one, and a paused or idle token has only its expiry', () => {
  const tokens = [
    token('idles', { idle_at: iso(4), expires_at: iso(9) }),
    token('expires', { idle_at: iso(30), expires_at: iso(3) }),
    token('overlaps', { idle_at: iso(30), overlap_ends_at: iso(1), successor_id: idAt('idles') }),
    token('paused', { status: 'inactive', idle_at: iso(1) }),
    token('idle', { status: 'idle', idle_at: iso(-1), expires_at: iso(5) }),
  ];
  const names = mine.sorted(tokens, 'ends_at').map(({ name }) => name);
  assert.deepEqual(names, ['overlaps', 'expires', 'idles', 'idle', 'paused']);
});

test('an order of another service is the usual one', () => {
  for (const sort of [undefined, '', 'colour', '--name', '-constructor']) {
    assert.equal(mine.sortOf(sort), '-last_used_at');
  }
  assert.equal(mine.sortOf('-name'), '-name');
});

test('a search finds names, descriptions and whole ids, without case and accents', () => {
  const found = (text, members) => mine.matching(text)(token('x', { name: 'Café Straße', ...members }));
  for (const text of ['', 'cafe', 'CAFÉ', 'strasse', 'é s']) assert.ok(found(text), text);
  assert.ok(found('nightly', { description: 'Runs Nightly' }));
  assert.ok(found(idAt('x')));
  assert.ok(!found(idAt('x').slice(0, -1)));
  assert.ok(!found('tea'));
});

const ABOUT = { count: 0, at: null, token_id: null, token_name: null };
const words = (key, summary) => mine.filterOf(key).words(summary);

test('the words of a part agree with its count', () => {
  const about = (count, days) => ({ ...ABOUT, count, at: iso(days) });
  assert.equal(words('live', { limit: 1000 }), 'live of 1,000');
  assert.equal(words('expiring', { expiring: about(1, 2) }), 'expires this week');
  assert.equal(words('expiring', { expiring: about(2, 2) }), 'expire this week');
  assert.equal(words('idling', { idling: about(1, 3) }), 'goes idle in 3 days');
  assert.equal(words('idling', { idling: about(2, 3) }), 'go idle this week');
});
