import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { before, test } from 'node:test';

import { AccessTokenVerifier, InactiveToken, TokenServiceUnavailable } from '../../../packages/js/src/index.js';
import { listening } from './servers.js';

const AUDIENCE = 'https://other.example.com';
const EC = { name: 'ECDSA', namedCurve: 'P-256' };
const keys = {};

before(async () => {
  for (const kid of ['k1', 'k2']) keys[kid] = await crypto.subtle.generateKey(EC, true, ['sign', 'verify']);
});

async function jwk(kid) {
  return { ...(await crypto.subtle.exportKey('jwk', keys[kid].publicKey)), kid, alg: 'ES256', use: 'sig' };
}

async function service(t) {
  const told = { calls: 0, status: 200, document: { keys: [await jwk('k1')] } };
  const server = createServer((request, response) => {
    told.calls += 1;
    response.writeHead(told.status).end(JSON.stringify(told.document));
  });
  told.issuer = `http://127.0.0.1:${await listening(t, server.listen(0, '127.0.0.1'))}`;
  t.after(() => server.closeAllConnections());
  return told;
}

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function signed(issuer, { claims = {}, header = {}, by = 'k1' } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const all = {
    ...{ iss: issuer, aud: AUDIENCE, sub: 'usr_1', client_id: 'tok_1', jti: 'at_1', scope: 'live' },
    ...{ iat: now, exp: now + 300, ...claims },
  };
  const text = `${encoded({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', ...header })}.${encoded(all)}`;
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const signature = await crypto.subtle.sign(algorithm, keys[by].privateKey, Buffer.from(text));
  return `${text}.${Buffer.from(signature).toString('base64url')}`;
}

test('claims and headers', async (t) => {
  const { issuer } = await service(t);
  const verifier = new AccessTokenVerifier({ issuer, audience: AUDIENCE });
  const found = await verifier.verify(await signed(issuer));
  assert.deepEqual([found.userId, found.tokenId, found.accessTokenId], ['usr_1', 'tok_1', 'at_1']);
  for (const change of [
    { claims: { iss: 'https://other.example.com' } }, { claims: { aud: 'https://api.example.com' } },
    { claims: { aud: [AUDIENCE] } }, { claims: { exp: 1768478400 } }, { claims: { exp: undefined } },
    { claims: { exp: '9999999999' } }, { claims: { exp: null } },
    { claims: { sub: undefined } }, { claims: { client_id: undefined } },
    { claims: { jti: 7 } }, { claims: { scope: undefined } }, { claims: { iat: undefined } },
    { header: { typ: 'JWT' } },
    { header: { typ: 'api-token+jwt' } }, { header: { typ: undefined } },
    { header: { alg: 'none' } }, { header: { alg: 'HS256' } },
    { header: { kid: 'k2' } }, { header: { kid: undefined } },
    { header: { crit: ['x'] } }, { by: 'k2' },
  ]) {
    const token = await signed(issuer, change);
    await assert.rejects(verifier.verify(token), InactiveToken, JSON.stringify(change));
  }
});

test('strings that are not tokens make no call', async (t) => {
  const told = await service(t);
  const verifier = new AccessTokenVerifier({ issuer: told.issuer, audience: AUDIENCE });
  const token = await signed(told.issuer);
  for (const text of ['', '.', 'a.b.c', `bodhi_${token}`, 'x'.repeat(5000), undefined, `a.b.${token.split('.')[2]}`]) {
    await assert.rejects(verifier.verify(text), InactiveToken);
  }
  assert.equal(told.calls, 0);
  for (const change of [`${token}A`, token.slice(0, -1), `${token}\n`, token.replace('.', '..')]) {
    await assert.rejects(verifier.verify(change), InactiveToken);
  }
});

test('unknown keys make one call in ten seconds', async (t) => {
  const told = await service(t);
  let now = Date.now();
  const verifier = new AccessTokenVerifier({ issuer: told.issuer, audience: AUDIENCE, now: () => now });
  await verifier.verify(await signed(told.issuer));
  told.document = { keys: [await jwk('k2')] };
  const token = await signed(told.issuer, { header: { kid: 'k2' }, by: 'k2' });
  await Promise.all(Array.from({ length: 20 }, () => assert.rejects(verifier.verify(token), InactiveToken)));
  assert.equal(told.calls, 1);
  now += 10_000;
  await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)));
  assert.equal(told.calls, 2);
  told.document = { keys: [null, 7, {}, { kid: 'k2', kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }] };
  now += 60_000;
  await assert.rejects(verifier.verify(token), InactiveToken);
});

test('keys that cannot be loaded are no decision', async (t) => {
  const told = await service(t);
  let now = Date.now();
  const verifier = new AccessTokenVerifier({ issuer: told.issuer, audience: AUDIENCE, now: () => now });
  const token = await signed(told.issuer);
  await verifier.verify(token);
  told.status = 500;
  now += 60_000;
  for (let round = 0; round < 20; round += 1) await assert.rejects(verifier.verify(token), TokenServiceUnavailable);
  assert.equal(told.calls, 2);
  told.status = 200;
  now += 1000;
  await verifier.verify(token);
});
