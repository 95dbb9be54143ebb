/** The page's address: what it may hold, and how it changes. */

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { load } from './browser.js';

let address;
let entries;

/** Lets the page have this query. */
function at(query) {
  const place = { pathname: '/dev/settings/api-tokens', search: query };
  entries = [];
  const visit = (how) => (state, title, href) => {
    entries.push([how, href]);
    place.search = new URL(href, 'http://here').search;
  };
  Object.assign(globalThis, {
    location: place,
    history: { pushState: visit('push'), replaceState: visit('replace') },
  });
}

beforeEach(async () => {
  at('');
  address = await load('address.js');
});

test('only known and filled members are read', () => {
  at('?view=all&status=idle&sort=&evil=1&q=a%20b');
  assert.deepEqual(address.address(), { view: 'all', status: 'idle', q: 'a b' });
});

test('the string of a token is neither read nor written', () => {
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl';
  for (const text of ['bodhi_eyJ', 'x BODHI_eyJ', '"Bodhi_', jwt, `${jwt.slice(0, 9)}\u200b${jwt.slice(9)}`]) {
    at(`?q=${encodeURIComponent(text)}`);
    assert.deepEqual(address.address(), {});
    address.go({ q: text });
    assert.deepEqual(entries, [['push', '/dev/settings/api-tokens']]);
  }
});

test('members change, go, and keep the others', () => {
  at('?view=users&status=idle');
  const told = [];
  address.onAddress((members) => told.push(members));
  address.go({ status: null, q: 'é&=' });
  assert.deepEqual(entries, [['push', '/dev/settings/api-tokens?view=users&q=%C3%A9%26%3D']]);
  assert.deepEqual(told, [{ view: 'users', q: 'é&=' }]);
});

test('an address that stays the same is no entry and tells nobody', () => {
  at('?view=users');
  const told = [];
  address.onAddress((members) => told.push(members));
  address.go({ view: 'users' });
  address.goTo({ view: 'users' });
  assert.deepEqual([entries, told], [[], []]);
});

test('each letter of a search replaces the entry', () => {
  address.go({ q: 'a' }, { replace: true });
  assert.deepEqual(entries, [['replace', '/dev/settings/api-tokens?q=a']]);
});

test('going elsewhere drops all other members', () => {
  at('?view=all&status=idle&token=tok_1');
  address.goTo({ view: 'users' });
  assert.deepEqual(entries, [['push', '/dev/settings/api-tokens?view=users']]);
});

test('a member that is longer than any of this page is not read', async () => {
  address = await load('address.js', { limits: '{"search_length": 100}' });
  at(`?q=${'a'.repeat(100)}&token=${'x'.repeat(501)}`);
  assert.deepEqual(address.address(), { q: 'a'.repeat(100) });
  at(`?q=${'a'.repeat(501)}`);
  assert.deepEqual(address.address(), {});
});

test('the string of a token that was put into the address is removed', () => {
  const given = [['?view=all&q=%62odhi_eyJ', ''], ['?view=all', '#bodhi_eyJ'], ['?view=all&x=bodhi_eyJ', '']];
  for (const [query, hash] of given) {
    at(query);
    Object.assign(globalThis.location, { hash });
    address.removeSecret();
    assert.deepEqual(entries, [['replace', '/dev/settings/api-tokens?view=all']]);
  }
  at('?view=all');
  Object.assign(globalThis.location, { hash: '#tok_1' });
  address.removeSecret();
  assert.deepEqual(entries, []);
});
