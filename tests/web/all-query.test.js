/** What "All tokens" asks the API for. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { chipsOf, filterWords, isFiltered, jobFilterOf, queriesOf, toggled } from '../../chalicelib/web/all-query.js';
import { TOKEN_STATUSES } from '../../chalicelib/web/words.js';

const TOKEN = `tok_0${'1'.repeat(35)}`;
const USER = `usr_${'a'.repeat(32)}`;

test('a text is looked for in names, then in owners', () => {
  assert.deepEqual(queriesOf({ q: ' ada ', status: 'idle' }), [
    { status: 'idle', q: 'ada' }, { status: 'idle', owner: 'ada' }]);
  assert.deepEqual(queriesOf({}), [{}]);
  assert.deepEqual(queriesOf({ q: '   ' }), [{}]);
});

test('an id is looked for alone', () => {
  assert.deepEqual(queriesOf({ q: TOKEN }), [{ token_id: TOKEN }]);
  assert.deepEqual(queriesOf({ q: USER }), [{ owner: USER }]);
  // It only looks like an id.
  assert.deepEqual(queriesOf({ q: 'tok_1' })[0], { q: 'tok_1' });
});

test('the search within one owner looks for names', () => {
  assert.deepEqual(queriesOf({ q: 'ci', user: USER }), [{ owner: USER, q: 'ci' }]);
});

test('chips are parameters of the list and members of a job', () => {
  const members = { show: 'unused,no-expiry', status: 'active' };
  assert.deepEqual(queriesOf(members), [{ status: 'active', unused_days: '14', without_expiry: 'true' }]);
  assert.deepEqual(jobFilterOf(members), { status: 'active', unused_days: 14, without_expiry: true });
});

test('a job without a filter says that it is about all tokens, and a text is not a filter of a job', () => {
  assert.deepEqual(jobFilterOf({}), { all: true });
  assert.deepEqual(jobFilterOf({ user: USER }), { owner: USER });
  assert.equal(jobFilterOf({ q: 'ada', status: 'idle' }), null);
});

test('unknown chips of an address are left out', () => {
  assert.deepEqual(chipsOf({ show: 'unused,other,constructor' }).map(({ value }) => value), ['unused']);
  assert.equal(toggled('other', 'refused'), 'refused');
  assert.equal(toggled('unused,refused', 'unused'), 'refused');
  assert.equal(toggled('refused', 'unused'), 'unused,refused');
  assert.equal(toggled(null, 'unused'), 'unused');
});

test('filters have words', () => {
  assert.equal(filterWords({ status: 'inactive', show: 'unused' }, TOKEN_STATUSES),
    'paused or stopped, unused for 14 days');
  assert.equal(filterWords({}, TOKEN_STATUSES), '');
  assert.equal(filterWords({ status: 'constructor' }, TOKEN_STATUSES), '');
  assert.equal(isFiltered({ sort: 'name' }), false);
  assert.equal(isFiltered({ user: USER }), true);
});
