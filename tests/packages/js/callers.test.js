import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bearerToken, caller, MissingScope, NotAuthenticated } from '../../../packages/js/src/index.js';

const events = JSON.parse(process.env.EVENTS);
const members = events.rest.requestContext.authorizer;

for (const [door, event] of Object.entries(events)) {
  test(`the caller of ${door}`, () => {
    const found = caller(event);
    assert.deepEqual({ ...found, scopes: [...found.scopes].sort() }, {
      userId: 'usr_1',
      tokenId: 'tok_1',
      tokenName: process.env.TOKEN_NAME,
      scopes: ['live', 'orders:read'],
      expiresAt: new Date(1798848000_000),
      idleAt: new Date(1798761600_000),
    });
  });
}

test('a caller is frozen', () => {
  const found = caller(events.rest);
  assert.throws(() => { found.userId = 'usr_2'; }, TypeError);
  assert.throws(() => { found.scopes.push('orders:write'); }, TypeError);
});

test('a scope is required', () => {
  const found = caller(events.rest);
  found.requireScope('live');
  assert.throws(() => found.requireScope('orders:write'), (error) =>
    error instanceof MissingScope && error.scope === 'orders:write' && error.status === 403);
});

test('an event without an authorizer is a clear error', () => {
  const inherited = Object.create({ requestContext: events.rest.requestContext });
  for (const event of [
    undefined, null, 'text', {}, { requestContext: null }, { requestContext: {} }, inherited,
    { requestContext: { authorizer: { claims: members } } },
    { requestContext: { authorizer: { jwt: { claims: members } } } },
    { requestContext: { elb: {} } },
    { identity: { claims: members } },
    { body: JSON.stringify(events.rest) },
    JSON.parse('{"requestContext": {"__proto__": {"authorizer": {"token_id": "tok_1", "user_id": "usr_1"}}}}'),
  ]) {
    assert.throws(() => caller(event), /Attach the authorizer/);
  }
  assert.throws(() => caller({ ...events.rest, ...events.appsync }), /both/);
});

test('members of another form are refused by name', () => {
  for (const [name, value] of [
    ['user_id', ''], ['user_id', null], ['user_id', 7], ['token_id', ''], ['token_id', {}],
    ['token_name', '%zz'], ['token_name', '%ff'], ['scopes', ['live']],
    ['idle_at', 'soon'], ['idle_at', '-1'], ['idle_at', '1.5'], ['idle_at', true], ['idle_at', ''],
    ['expires_at', '9999999999999'],
  ]) {
    const event = { requestContext: { authorizer: { ...members, [name]: value } } };
    assert.throws(() => caller(event), (error) =>
      error instanceof NotAuthenticated && (error.message.includes(name) || value === null));
  }
});

test('a token without expiry', () => {
  const authorizer = Object.fromEntries(Object.entries(members).filter(([name]) => name !== 'expires_at'));
  assert.equal(caller({ requestContext: { authorizer } }).expiresAt, null);
});

test('bearer tokens', () => {
  for (const header of ['Bearer a.b', ' bearer   a.b ', 'BEARER a.b\t']) assert.equal(bearerToken(header), 'a.b');
  for (const header of [undefined, null, '', 'Bearer', 'Bearer ', 'Basic a.b', 'a.b', 'Bearer a b']) {
    assert.throws(() => bearerToken(header), NotAuthenticated);
  }
});
