import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AccessTokenVerifier, InactiveToken, IntrospectionClient } from '../../../packages/js/src/index.js';

const facts = JSON.parse(process.env.SERVICE);

for (const cacheSeconds of [0, 30]) {
  test(`introspection by the token service, cached for ${cacheSeconds} s`, async () => {
    const client = new IntrospectionClient({ ...facts, cacheSeconds });
    const found = await client.verify(facts.token, '192.0.2.7');
    assert.deepEqual([found.tokenId, found.accessTokenId], [facts.tokenId, null]);
    assert.deepEqual([...found.scopes].sort(), facts.scopes);
    assert.ok(await client.verify(facts.limitedToken, '192.0.2.7'));
    for (const address of ['198.51.100.7', 'not an address', null]) {
      await assert.rejects(client.verify(facts.limitedToken, address), InactiveToken);
    }
    await assert.rejects(client.verify(facts.accessToken, null), InactiveToken);
  });
}

test('access tokens of the token service', async () => {
  const other = new IntrospectionClient({ ...facts, audience: facts.otherAudience });
  const verifier = new AccessTokenVerifier({ issuer: facts.issuer, audience: facts.otherAudience });
  for (const asked of [other, verifier]) {
    const found = await asked.verify(facts.accessToken, null);
    assert.equal(found.tokenId, facts.tokenId);
    assert.notEqual(found.accessTokenId, null);
    await assert.rejects(asked.verify(facts.token, null), InactiveToken);
  }
});
