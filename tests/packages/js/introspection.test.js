import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { InactiveToken, IntrospectionClient, TokenServiceUnavailable } from '../../../packages/js/src/index.js';
import { ActiveTokens } from '../../../packages/js/src/active-tokens.js';
import { listening } from './servers.js';

const AUDIENCE = 'https://api.example.com/api';
const ACTIVE = { active: true, scope: 'live', iat: 1768478400, sub: 'usr_1', aud: AUDIENCE, jti: 'tok_1' };
const TOKEN = 'bodhi_aaa.bbb.ccc';

async function service(t) {
  const told = { asked: [], respond: () => {} };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = Object.fromEntries(new URLSearchParams(body));
    told.asked.push({ url: request.url, headers: request.headers, form });
    told.respond(response, request);
  });
  const port = await listening(t, server.listen(0, '127.0.0.1'));
  t.after(() => server.closeAllConnections());
  told.issuer = `http://127.0.0.1:${port}`;
  told.says = (document, status = 200) => {
    told.respond = (response) => response.writeHead(status).end(JSON.stringify(document));
  };
  told.says({ ...ACTIVE, iss: told.issuer });
  told.client = (options = {}) =>
    new IntrospectionClient({
      issuer: told.issuer, clientId: 'orders', clientSecret: 's3cret:with +%/ é', audience: AUDIENCE, ...options,
    });
  return told;
}

test('the request has the credentials as RFC 6749 encodes them, and the address', async (t) => {
  const told = await service(t);
  const found = await told.client().verify(TOKEN, '2001:db8::1');
  await told.client().verify(TOKEN, null);
  const forms = told.asked.map(({ form }) => form);
  assert.deepEqual(forms, [{ token: TOKEN, caller_address: '2001:db8::1' }, { token: TOKEN }]);
  assert.equal(told.asked[0].url, '/oauth2/introspect');
  assert.equal(atob(told.asked[0].headers.authorization.slice(6)), 'orders:s3cret%3Awith+%2B%25%2F+%C3%A9');
  assert.deepEqual([found.userId, found.tokenId], ['usr_1', 'tok_1']);
  assert.deepEqual([found.accessTokenId, found.expiresAt], [null, null]);
});

test('a response of another form is no decision', async (t) => {
  const told = await service(t);
  for (const change of [
    { active: 'true' }, { active: 1 }, { active: null }, { sub: '' }, { jti: 7 }, { aud: [AUDIENCE] },
    { iss: 'https://other.example.com' }, { scope: null }, { iat: '1' }, { exp: 'never' }, { exp: 1e30 },
    { client_id: '' },
  ]) {
    told.says({ ...ACTIVE, iss: told.issuer, ...change });
    await assert.rejects(told.client().verify(TOKEN, null), TokenServiceUnavailable);
  }
});

test('a failing service is no decision, and a redirect is not followed', async (t) => {
  const told = await service(t);
  const active = JSON.stringify({ ...ACTIVE, iss: told.issuer });
  for (const respond of [
    (response) => response.writeHead(500).end(active),
    (response) => response.writeHead(201).end(active),
    (response) => response.writeHead(401).end('{"error": "invalid_client"}'),
    (response) => response.writeHead(503).end('{"active": false}'),
    (response) => response.writeHead(200).end('<html>'),
    (response) => response.writeHead(200).end('null'),
    (response) => response.writeHead(200).end(`{"active": true${' '.repeat(600_000)}}`),
    (response) => response.writeHead(307, { Location: '/elsewhere' }).end(),
    (response) => response.writeHead(302, { Location: '/elsewhere' }).end(),
    (response) => response.destroy(),
    () => {},
  ]) {
    told.respond = respond;
    await assert.rejects(told.client({ timeout: 200 }).verify(TOKEN, null), (error) =>
      error instanceof TokenServiceUnavailable && error.status === 503 && !error.message.includes(TOKEN));
  }
  assert.ok(told.asked.every(({ url }) => url === '/oauth2/introspect'));
});

test('a token that is not active', async (t) => {
  const told = await service(t);
  told.says({ active: false });
  await assert.rejects(told.client().verify(TOKEN, null), InactiveToken);
  told.says({ ...ACTIVE, iss: told.issuer, aud: 'https://other.example.com' });
  await assert.rejects(told.client().verify(TOKEN, null), InactiveToken);
  told.says({ ...ACTIVE, iss: told.issuer, exp: 1768478500 });
  await assert.rejects(told.client({ now: () => 1768478500_000 }).verify(TOKEN, null), InactiveToken);
  const asked = told.asked.length;
  for (const token of ['', 'a b', 'é', 'x'.repeat(4097), undefined, {}]) {
    await assert.rejects(told.client().verify(token, null), InactiveToken);
  }
  assert.equal(told.asked.length, asked);
});

test('nothing is cached by default', async (t) => {
  const told = await service(t);
  const client = told.client();
  await client.verify(TOKEN, null);
  await client.verify(TOKEN, null);
  assert.equal(told.asked.length, 2);
});

test('the cache keeps what was active without an address', async (t) => {
  const told = await service(t);
  const client = told.client({ cacheSeconds: 30 });
  await client.verify(TOKEN, '192.0.2.7');
  told.says({ active: false });
  await client.verify(TOKEN, '198.51.100.7');
  assert.deepEqual(told.asked.map(({ form }) => form), [{ token: TOKEN }]);
});

test('a token that is restricted to networks is asked about each time', async (t) => {
  const told = await service(t);
  told.respond = (response) => {
    const isInside = told.asked.at(-1).form.caller_address === '192.0.2.7';
    response.end(JSON.stringify(isInside ? { ...ACTIVE, iss: told.issuer } : { active: false }));
  };
  const client = told.client({ cacheSeconds: 30 });
  for (let round = 0; round < 2; round += 1) {
    await client.verify(TOKEN, '192.0.2.7');
    await assert.rejects(client.verify(TOKEN, '198.51.100.7'), InactiveToken);
    await assert.rejects(client.verify(TOKEN, null), InactiveToken);
  }
});

test('the cache forgets in time, and has a bound', async () => {
  let now = 100;
  const kept = new ActiveTokens(30, () => now);
  for (let number = 0; number <= 1000; number += 1) await kept.put(`${TOKEN}${number}`, {}, now);
  assert.equal(await kept.get(`${TOKEN}0`), undefined);
  now += 29.9;
  assert.ok(await kept.get(`${TOKEN}1000`));
  now += 0.2;
  assert.equal(await kept.get(`${TOKEN}1000`), undefined);
});

test('settings that cannot work', () => {
  const good = { issuer: 'https://tokens.example.com', clientId: 'a', clientSecret: 'b', audience: AUDIENCE };
  for (const change of [
    { issuer: 'http://tokens.example.com' }, { issuer: 'tokens.example.com' }, { issuer: 'https://u@a.example' },
    { timeout: 0 }, { cacheSeconds: 31 }, { cacheSeconds: -1 }, { cacheSeconds: NaN }, { audience: undefined },
    { clientSecret: '' },
  ]) {
    assert.throws(() => new IntrospectionClient({ ...good, ...change }));
  }
});
