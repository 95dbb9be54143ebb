/** Strings of tokens in pasted text: found however they are wrapped, and read only if they are whole. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hasToken, holdsToken, tokenIdIn } from '../../chalicelib/web/pasted.js';

const ID = 'tok_01kfn0x7q2abcdefghjkmnpqrstvwxyz0123';
const encoded = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const tokenOf = (payload) => `bodhi_${encoded({ alg: 'ES256' })}.${encoded(payload)}.${'s'.repeat(86)}`;
const TOKEN = tokenOf({ jti: ID, sub: 'usr_x', name: 'ü' });

const WRAPPED = {
  alone: TOKEN,
  'with spaces around it': `  ${TOKEN}\n`,
  'in quotes': `"${TOKEN}"`,
  'in curly quotes': `“${TOKEN}”`,
  'in backquotes': `\`${TOKEN}\``,
  'in a header': `Authorization: Bearer ${TOKEN}`,
  'in a command': `curl -H 'Authorization: Bearer ${TOKEN}' https://api.example/x`,
  'in a file of variables': `export BODHI_TOKEN=${TOKEN};`,
  'with a prefix in capitals': TOKEN.replace('bodhi_', 'BODHI_'),
  'with a prefix of mixed case': TOKEN.replace('bodhi_', 'Bodhi_'),
  'broken into lines': TOKEN.match(/.{1,40}/g).join('\r\n    '),
  'with invisible characters': `\u200b${TOKEN.slice(0, 3)}\u00ad${TOKEN.slice(3)}\ufeff`,
  'with a wide prefix': TOKEN.replace('bodhi_', 'ｂｏｄｈｉ＿'),
  'with a text before it': `my token is ${TOKEN}`,
  'without its prefix': TOKEN.slice('bodhi_'.length),
  'without its first letters': TOKEN.slice(3),
  'without its signature': TOKEN.slice(0, TOKEN.lastIndexOf('.')),
};

for (const [how, text] of Object.entries(WRAPPED)) {
  test(`a token ${how} is found`, () => {
    assert.equal(hasToken(text), true);
    assert.equal(tokenIdIn(text), ID);
  });
}

const BROKEN = {
  'a prefix alone': 'bodhi_',
  'a prefix and a word': 'bodhi_secret',
  'half a token': TOKEN.slice(0, 60),
  'a payload that is not JSON': `bodhi_eyJhbGciOiJ9.${encoded('not json')}.sig`,
  'a payload that is not UTF-8': 'bodhi_eyJhbGciOiJ9._____w.sig',
  'a payload that is null': `bodhi_eyJhbGciOiJ9.${encoded('null')}.sig`,
  'a payload that is a list': `bodhi_eyJhbGciOiJ9.${encoded([ID])}.sig`,
  'an id of another form': tokenOf({ jti: '../../v1/users' }),
  'an id that is a number': tokenOf({ jti: 7 }),
  'a token without an id': tokenOf({ sub: 'usr_x' }),
};

for (const [what, text] of Object.entries(BROKEN)) {
  test(`${what} is kept from the search, and not read`, () => {
    assert.equal(hasToken(text), true);
    assert.equal(tokenIdIn(text), null);
  });
}

test('other text is a search', () => {
  for (const text of ['', 'bodhi', 'bodhi tree', 'CI deploy bot', 'tok_01kfn0x7q2', 'a.b.c', 'eyJ', 'v1.2.3', ID]) {
    assert.equal(hasToken(text), false, text);
  }
});

test('a search never sends what the server would refuse', () => {
  const jwe = `${encoded({ alg: 'dir', enc: 'A256GCM' })}..aXZpdml2aXY.Y2lwaGVy.dGFn`;
  for (const text of [jwe, `see ${jwe}`, encodeURIComponent(TOKEN).replaceAll('.', '%2E').replace('_', '%5F')]) {
    assert.equal(holdsToken(text), true, text);
    assert.equal(hasToken(text), true, text);
  }
});

test('a text holds a token as the server sees it', () => {
  for (const text of [TOKEN, `  ${TOKEN}`, `export TOKEN=${TOKEN} # ci`, `bodhi_${TOKEN}`, TOKEN.slice(0, -80),
    TOKEN.slice('bodhi_'.length)]) assert.equal(holdsToken(text), true, text);
  for (const text of ['bodhi_', 'bodhi_production', 'bodhi_eu.west.1', 'bodhi_eyJ... (old)', '',
    TOKEN.slice(0, TOKEN.lastIndexOf('.'))]) assert.equal(holdsToken(text), false, text);
});
