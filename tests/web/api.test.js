/** The client of the API: requests, responses, errors, and sessions that change meanwhile. */

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { load, server } from './browser.js';

const PAGE = { base: '/dev', csrfToken: 'first', user: '{"id": "usr_ada"}' };
const REFUSED = { status: 403, body: { code: 'cross_site_request', detail: 'Load the page again.' } };
const PROBLEM = { 'Content-Type': 'application/problem+json' };

let api;

beforeEach(async () => {
  api = await load('api.js', PAGE);
});

/** Lets the page be read again. It then has this session. */
function renewed(dataset) {
  globalThis.DOMParser = class {
    parseFromString() {
      return { body: { dataset } };
    }
  };
  return { body: '<!doctype html>' };
}

test('a read sends no CSRF token and no body', async () => {
  const calls = server({ body: { tokens: [] }, headers: { ETag: '"7"' } });
  assert.deepEqual(await api.call('GET', '/v1/tokens'), { data: { tokens: [] }, etag: '"7"' });
  assert.equal(calls[0].url, '/dev/v1/tokens');
  assert.deepEqual(calls[0].headers, { Accept: 'application/json', 'X-Expected-User': 'usr_ada' });
  assert.equal(calls[0].body, null);
});

test('a change sends the CSRF token, JSON and the condition', async () => {
  const calls = server({ body: { id: 'tok_1' } });
  await api.call('PATCH', '/v1/tokens/tok_1', { body: { name: 'ß😀' }, headers: { 'If-Match': '"1"' } });
  const { method, headers, body } = calls[0];
  assert.equal(method, 'PATCH');
  assert.deepEqual(headers, {
    Accept: 'application/json', 'X-Expected-User': 'usr_ada', 'If-Match': '"1"', 'X-CSRF-Token': 'first',
    'Content-Type': 'application/json',
  });
  assert.deepEqual(JSON.parse(body), { name: 'ß😀' });
});

test('every call sends only the cookies of this site and is never cached', async () => {
  const calls = server({ body: {} }, { status: 204 });
  await api.call('GET', '/v1/me');
  await api.call('DELETE', '/v1/tokens/tok_1');
  for (const { credentials, cache } of calls) assert.deepEqual([credentials, cache], ['same-origin', 'no-store']);
});

test('an empty response has null as its data', async () => {
  server({ status: 204 });
  assert.deepEqual(await api.call('DELETE', '/v1/tokens/tok_1'), { data: null, etag: null });
});

test('a problem document becomes a problem with its code and sentence', async () => {
  const body = { type: 'about:blank', title: 'Conflict', code: 'token_revoked', detail: 'This token is revoked.' };
  server({ status: 409, body, headers: PROBLEM });
  const refused = { status: 409, code: 'token_revoked', message: 'This token is revoked.', retryAfter: null };
  await assert.rejects(api.call('PATCH', '/v1/tokens/tok_1', { body: {} }), (problem) => {
    assert.ok(problem instanceof api.Problem);
    assert.deepEqual({ ...problem, message: problem.message }, refused);
    return true;
  });
});

test('an unexpected error has the id of its request', async () => {
  const headers = { ...PROBLEM, 'x-amzn-RequestId': 'abc' };
  server({ status: 500, body: { code: 'internal_error', detail: 'Something went wrong.' }, headers });
  await assert.rejects(api.call('GET', '/v1/me'), { message: 'Something went wrong. Request id: abc' });
});

test('another error does not show the id of its request', async () => {
  server({ status: 503, body: { code: 'unavailable', detail: 'Try again.' }, headers: { 'x-amzn-RequestId': 'abc' } });
  await assert.rejects(api.call('GET', '/v1/me'), { message: 'Try again.' });
});

for (const [header, seconds, wait] of [
  ['2', 2, ''],
  ['10', 10, ''],
  ['11', 11, ' You can retry in about 11 seconds.'],
  ['3600', 3600, ' You can retry in about 1 hour.'],
  ['86400', 86400, ' You can retry in about 1 day.'],
  ['Wed, 21 Oct 2026 07:28:00 GMT', null, ''],
  ['-5', null, ''],
  ['', null, ''],
]) {
  test(`Retry-After: ${header} is told if it is long`, async () => {
    const headers = { ...PROBLEM, 'Retry-After': header };
    server({ status: 429, body: { code: 'too_many_creations', detail: 'Too many.' }, headers });
    await assert.rejects(api.call('POST', '/v1/tokens', { body: {} }), {
      status: 429, code: 'too_many_creations', retryAfter: seconds, message: `Too many.${wait}`,
    });
  });
}

test('a failure is not retried by itself', async () => {
  const calls = server({ status: 503, body: { code: 'unavailable', detail: 'Try again.' } });
  await assert.rejects(api.call('POST', '/v1/tokens', { body: {} }), { status: 503 });
  assert.equal(calls.length, 1);
});

for (const body of ['<html>', '{"half":', 'null', '']) {
  test(`a response that cannot be read is a problem: ${body || 'empty'}`, async () => {
    server({ status: 502, body });
    await assert.rejects(api.call('GET', '/v1/me'), { status: 502, code: '', message: /cannot read/ });
  });
}

test('a good status with a body that cannot be read is a problem too', async () => {
  server({ body: '<html>' });
  await assert.rejects(api.call('GET', '/v1/me'), { status: 200, message: /cannot read/ });
});

test('without a response the problem has the status 0', async () => {
  server({ status: 0 });
  await assert.rejects(api.call('GET', '/v1/me'), { status: 0, code: '', message: /could not be reached/ });
});

test('a connection that is lost within the response is a problem with the status 0', async () => {
  const text = () => Promise.reject(new TypeError('network error'));
  globalThis.fetch = async () => ({ ok: true, status: 200, headers: new Headers(), text });
  await assert.rejects(api.call('GET', '/v1/me'), { status: 0, message: /could not be reached/ });
});

test('a server that does not respond is given up', async () => {
  const { timeout } = AbortSignal;
  const limits = [];
  AbortSignal.timeout = (milliseconds) => {
    limits.push(milliseconds);
    return AbortSignal.abort();
  };
  globalThis.fetch = async (url, { signal }) => signal.throwIfAborted();
  try {
    await assert.rejects(api.call('GET', '/v1/me'), { status: 0 });
  } finally {
    AbortSignal.timeout = timeout;
  }
  assert.deepEqual(limits, [30_000]);
});

test('the end of the session is told in the words of the page', async () => {
  let ended = 0;
  api.onSessionEnd(() => { ended += 1; });
  server({ status: 401, body: { code: 'not_authenticated', detail: 'Send a JWT.' } });
  await assert.rejects(api.call('GET', '/v1/me'), { status: 401, message: /Your session has ended/ });
  assert.equal(ended, 1);
});

for (const response of [{ status: 403, body: { code: 'forbidden', detail: 'No.' } }, { status: 0 }]) {
  test(`the session does not end with the status ${response.status}`, async () => {
    api.onSessionEnd(() => assert.fail('The session was ended.'));
    const calls = server(response);
    await assert.rejects(api.call('POST', '/v1/tokens', { body: {} }), { status: response.status });
    assert.equal(calls.length, 1);
  });
}

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

test('a second refusal of a renewed session is not retried again', async () => {
  const calls = server(REFUSED, renewed({ ...PAGE, csrfToken: 'second' }), REFUSED);
  await assert.rejects(api.call('POST', '/v1/tokens', { body: {} }), { code: 'cross_site_request' });
  assert.equal(calls.length, 3);
});

test('a session of another user reloads the page and changes nothing', async () => {
  let reloads = 0;
  globalThis.location = { reload: () => { reloads += 1; } };
  const calls = server(REFUSED, renewed({ csrfToken: 'second', user: '{"id": "usr_eve"}' }));
  await assert.rejects(api.call('POST', '/v1/tokens', { body: {} }), { code: 'cross_site_request' });
  assert.equal(reloads, 1);
  assert.equal(calls.length, 2);
});

for (const [name, response] of [['signed out', { status: 401 }], ['unreachable', { status: 0 }]]) {
  test(`without another session the refusal stays: ${name}`, async () => {
    server(REFUSED, response);
    await assert.rejects(api.call('POST', '/v1/tokens', { body: {} }), { code: 'cross_site_request' });
  });
}

test('a read with the session of another person loads the page again', async () => {
  let reloads = 0;
  globalThis.location = { reload: () => { reloads += 1; } };
  server({ status: 409, body: { code: 'session_changed', detail: 'Another person signed in.' } });
  await assert.rejects(api.call('GET', '/v1/tokens'), { code: 'session_changed' });
  assert.equal(reloads, 1);
});

test('the path of a token names its owner only for administrators', () => {
  assert.equal(api.tokenPath('tok_1'), '/v1/tokens/tok_1');
  assert.equal(api.tokenPath('tok_1', 'usr_a/b'), '/v1/users/usr_a%2Fb/tokens/tok_1');
});

for (const body of ['', 'null', '7', '"x"']) {
  test(`a change that returns ${body || 'nothing'} where it has a document is not read`, async () => {
    server({ status: 201, body });
    const refused = { status: 201, message: 'The server sent a response that this page cannot read. Try again.' };
    await assert.rejects(api.call('POST', '/v1/tokens', { body: {} }), refused);
  });
}

test('a detail that is not a text is not shown', async () => {
  server({ status: 400, body: { detail: { a: 1 } }, headers: PROBLEM });
  const refused = { status: 400, message: 'The server sent a response that this page cannot read. Try again.' };
  await assert.rejects(api.call('GET', '/v1/me'), refused);
});
