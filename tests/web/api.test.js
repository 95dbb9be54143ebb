/** The client of the API: what it sends, what it makes of answers, and sessions that change meanwhile. */

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { load, server } from './browser.js';

const PAGE = { base: '/dev', csrfToken: 'first', user: '{"id": "usr_ada"}' };
const REFUSED = { status: 403, body: { code: 'cross_site_request', detail: 'Load the page again.' } };

let api;

beforeEach(async () => {
  api = await load('api.js', PAGE);
});

/** Lets the page be read anew: it then has this session. */
function renewed(dataset) {
  globalThis.DOMParser = class {
    parseFromString() {
      return { body: { dataset } };
    }
  };
  return { body: '<!doctype html>' };
}

test('a read sends no CSRF token and no body', async () => {
  const [calls] = [server({ body: { tokens: [] }, headers: { ETag: '"7"' } })];
  assert.deepEqual(await api.call('GET', '/v1/tokens'), { data: { tokens: [] }, etag: '"7"' });
  assert.equal(calls[0].url, '/dev/v1/tokens');
  assert.deepEqual(calls[0].headers, { Accept: 'application/json' });
  assert.equal(calls[0].body, null);
});

test('a change sends the CSRF token, JSON and the condition', async () => {
  const calls = server({ body: { id: 'tok_1' } });
  await api.call('PATCH', '/v1/tokens/tok_1', { body: { name: 'ß😀' }, headers: { 'If-Match': '"1"' } });
  const { method, headers, body } = calls[0];
  assert.equal(method, 'PATCH');
  assert.deepEqual(headers, {
    Accept: 'application/json', 'If-Match': '"1"', 'X-CSRF-Token': 'first', 'Content-Type': 'application/json',
  });
  assert.deepEqual(JSON.parse(body), { name: 'ß😀' });
});

test('an empty answer is no data', async () => {
  server({ status: 204 });
  assert.deepEqual(await api.call('DELETE', '/v1/tokens/tok_1'), { data: null, etag: null });
});

test('a refusal is a problem with the words of the server', async () => {
  server({ status: 409, body: { code: 'token_revoked', detail: 'This token is revoked.' } });
  const refused = { status: 409, code: 'token_revoked', message: 'This token is revoked.' };
  await assert.rejects(api.call('PATCH', '/v1/tokens/tok_1', { body: {} }), refused);
});

test('a failure names the request', async () => {
  const headers = { 'x-amzn-RequestId': 'abc' };
  server({ status: 500, body: { code: 'internal_error', detail: 'Something went wrong.' }, headers });
  await assert.rejects(api.call('GET', '/v1/me'), { message: 'Something went wrong. Request id: abc' });
});

for (const body of ['<html>', '{"half":', 'null']) {
  test(`an answer that cannot be read is a problem: ${body}`, async () => {
    server({ status: 502, body });
    await assert.rejects(api.call('GET', '/v1/me'), { status: 502, code: '', message: /does not understand/ });
  });
}

test('a good status with a body that cannot be read is a problem too', async () => {
  server({ body: '<html>' });
  await assert.rejects(api.call('GET', '/v1/me'), { status: 200, message: /does not understand/ });
});

test('no answer is a problem without a status', async () => {
  server({ status: 0 });
  await assert.rejects(api.call('GET', '/v1/me'), { status: 0, message: /could not be reached/ });
});

test('the end of the session is told in the words of the page', async () => {
  let ended = 0;
  api.onSessionEnd(() => { ended += 1; });
  server({ status: 401, body: { code: 'not_authenticated', detail: 'Send a JWT.' } });
  await assert.rejects(api.call('GET', '/v1/me'), { status: 401, message: /Your session has ended/ });
  assert.equal(ended, 1);
});

test('a session that was renewed in another tab is taken over', async () => {
  const fresh = renewed({ ...PAGE, csrfToken: 'second' });
  const calls = server(REFUSED, fresh, { body: { id: 'tok_1' } }, { status: 204 });
  assert.deepEqual((await api.call('POST', '/v1/tokens', { body: {} })).data, { id: 'tok_1' });
  await api.call('DELETE', '/v1/tokens/tok_1');
  assert.deepEqual(calls.map(({ url }) => url), [
    '/dev/v1/tokens', '/dev/settings/api-tokens', '/dev/v1/tokens', '/dev/v1/tokens/tok_1',
  ]);
  assert.deepEqual(calls.map(({ headers }) => headers?.['X-CSRF-Token']), ['first', undefined, 'second', 'second']);
});

test('a session of another person reloads the page and changes nothing', async () => {
  let reloads = 0;
  globalThis.location = { reload: () => { reloads += 1; } };
  const calls = server(REFUSED, renewed({ csrfToken: 'second', user: '{"id": "usr_eve"}' }));
  await assert.rejects(api.call('POST', '/v1/tokens', { body: {} }), { code: 'cross_site_request' });
  assert.equal(reloads, 1);
  assert.equal(calls.length, 2);
});

for (const [name, answer] of [['signed out', { status: 401 }], ['unreachable', { status: 0 }]]) {
  test(`without another session the refusal stays: ${name}`, async () => {
    server(REFUSED, answer);
    await assert.rejects(api.call('POST', '/v1/tokens', { body: {} }), { code: 'cross_site_request' });
  });
}
