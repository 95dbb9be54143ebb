/** Pages: parameters, empty pages, and their limit. */

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { load, server } from './browser.js';

let nextPage;

beforeEach(async () => {
  ({ nextPage } = await load('paging.js', { base: '' }));
});

const [one, two, three, four] = ['1', '2', '3', '4'].map((name) => ({
  id: `tok_${name}`, name, description: '', status: 'active', created_at: '2026-01-31T12:00:00.000Z',
  idle_at: '2026-03-02T12:00:00.000Z', scopes: [], allowed_networks: [], refused: { count: 0, last_at: null },
}));
const page = (items, cursor = null) => ({ body: { tokens: items, next_cursor: cursor } });
const read = (query = {}, cursor = null) => nextPage('/v1/tokens', 'tokens', query, cursor);
const parameters = ({ url }) => Object.fromEntries(new URLSearchParams(url.split('?')[1]));

test('the first page has no cursor, and empty parameters are left out', async () => {
  const calls = server(page([one, two], 'next'));
  assert.deepEqual(await read({ q: 'a&b=c', status: '', sort: '-name' }), { items: [one, two], cursor: 'next' });
  assert.deepEqual(parameters(calls[0]), { q: 'a&b=c', sort: '-name' });
});

test('the last page has no cursor', async () => {
  const calls = server(page([three]));
  assert.deepEqual(await read({}, 'next'), { items: [three], cursor: null });
  assert.deepEqual(parameters(calls[0]), { cursor: 'next' });
});

test('empty pages are passed over, each by its own cursor', async () => {
  const calls = server(page([], 'a'), page([], 'b'), page([four], 'c'));
  assert.deepEqual(await read({ q: 'x' }), { items: [four], cursor: 'c' });
  assert.deepEqual(calls.map(parameters), [{ q: 'x' }, { q: 'x', cursor: 'a' }, { q: 'x', cursor: 'b' }]);
});

test('a list without matches ends empty', async () => {
  server(page([], 'a'), page([]));
  assert.deepEqual(await read(), { items: [], cursor: null });
});

test('after sixty empty pages the reader decides whether to continue', async () => {
  const calls = server(...Array.from({ length: 70 }, (_, index) => page([], `c${index}`)));
  assert.deepEqual(await read(), { items: [], cursor: 'c59' });
  assert.equal(calls.length, 60);
});

test('a refusal of a later page is thrown', async () => {
  server(page([], 'a'), { status: 400, body: { code: 'invalid_cursor', detail: 'The cursor is invalid.' } });
  await assert.rejects(read(), { code: 'invalid_cursor' });
});

for (const body of [{}, [], { tokens: null }, { tokens: {} }, { tokens: [null] }, { users: [] }, null, 'x', 7, '[]']) {
  test(`${JSON.stringify(body)} is not a page`, async () => {
    server({ body: typeof body === 'number' ? String(body) : body });
    await assert.rejects(read(), { message: 'The server sent a response that this page cannot read. Try again.' });
  });
}
