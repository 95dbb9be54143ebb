/** Events in sentences, for each type and actor, for owners and administrators. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mock, test } from 'node:test';

import { load } from './browser.js';

const SOURCE = new URL('../../chalicelib/domain/events.py', import.meta.url);
const [TOKEN, SUCCESSOR] = ['tok_01m8544fxztcng4gnx9ghwkzd4anffzbe6dd', 'tok_01m9944fxztcng4gnx9ghwkzd4anffzbe6ee'];
const SCOPES = { 'api:read': { title: 'Read' }, 'api:write': { title: 'Write' } };

mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-11-29T12:00:00Z') });
const { ACTOR_KINDS, EVENT_TYPES, plain, wordsOf } = await load('event-words.js',
  { scopes: JSON.stringify(SCOPES), limits: '{"white_space": " "}' });
const { ICONS } = await load('icons.js');

/** Returns the values of an enumeration of the domain. */
function valuesOf(name) {
  const body = readFileSync(SOURCE, 'utf8').split(`class ${name}(Enum):`)[1].split('\n\n\n')[0];
  return [...body.matchAll(/^ {4}[A-Z_]+ = "([^"]+)"/gm)].map(([, value]) => value);
}

const TYPES = valuesOf('EventType');
const KINDS = valuesOf('ActorKind');

const readers = {
  owner: { isAdmin: false },
  'owner in the view of the token': { isAdmin: false, tokenId: TOKEN },
  administrator: { isAdmin: true, nameOf: () => 'Grafana' },
  'administrator in the view of the token': { isAdmin: true, tokenId: TOKEN },
};

function event(type, members = {}) {
  return {
    id: 'evt_1', type, at: '2026-11-29T10:12:00.000Z', request_id: null, changes: {},
    token_id: type.startsWith('token.') ? TOKEN : null,
    user: type.startsWith('key.') ? null : { id: 'usr_1', name: 'Usha User' },
    ...members,
    actor: { kind: 'person', id: 'usr_1', name: 'Usha User', description: 'the owner', ...members.actor },
  };
}

const change = (before, after) => ({ before, after });

function said(type, members, reader = 'administrator') {
  const { parts, facts } = wordsOf(event(type, members), readers[reader]);
  return [plain(parts), facts.replace(/[\u2068\u2069]/g, '')];
}

test('the domain has the types and actors that are tested here', () => {
  assert.ok(TYPES.length >= 22);
  assert.deepEqual(TYPES.toSorted(), Object.keys(EVENT_TYPES).toSorted());
  assert.deepEqual(KINDS.toSorted(), Object.keys(ACTOR_KINDS).toSorted());
});

for (const type of TYPES) {
  test(`${type} has words for all actors and readers`, () => {
    for (const kind of KINDS) {
      for (const [name, reader] of Object.entries(readers)) {
        for (const id of ['usr_1', 'usr_2', null]) {
          const { icon, parts, facts } = wordsOf(event(type, { actor: { kind, id, name: null } }), reader);
          const sentence = plain(parts);
          assert.ok(ICONS.includes(icon), icon);
          assert.match(sentence, /^[A-Z].{5,}$/u, `${name}, ${kind}`);
          assert.doesNotMatch(`${sentence} ${facts}`, /undefined|null|NaN|Invalid|\[object| {2}/, `${name}, ${kind}`);
          assert.ok(!sentence.includes(type) && !sentence.endsWith('.'), sentence);
        }
      }
    }
  });
}

const ADA = { kind: 'administrator', id: 'usr_2', name: 'Ada Admin' };
const SELF = { kind: 'token', id: TOKEN, name: null };
const NETWORKS = { allowed_networks: change([], ['10.40.6.0/24']) };

for (const [type, members, sentence, facts] of [
  ['token.created', { changes: { scopes: change(null, ['api:read']),
    expires_at: change(null, '2027-02-26T09:00:00Z') } },
  'Usha User generated Grafana', 'Read, from anywhere, expires 26 Feb.'],
  ['token.created', { changes: { allowed_networks: change(null, ['10.0.0.0/8', '192.0.2.1']),
    scopes: change(null, ['api:read', 'api:write']) } },
  'Usha User generated Grafana', 'Read, Write, from 2 networks, no expiry.'],
  ['token.changed', { changes: NETWORKS }, 'Usha User limited Grafana to 1 network',
    'Before: anywhere. Now: 10.40.6.0/24.'],
  ['token.changed', { changes: { allowed_networks: change(['10.0.0.0/8'], []) } },
    'Usha User allowed Grafana from anywhere', 'Before: 10.0.0.0/8. Now: anywhere.'],
  ['token.changed', { changes: { name: change('ci', 'Grafana'), ...NETWORKS } },
    'Usha User changed the name and networks of Grafana',
    'Name before: ci. Now: Grafana. Networks before: anywhere. Now: 10.40.6.0/24.'],
  ['token.rotated', { actor: SELF, changes: { overlap_ends_at: change(null, '2026-11-30T11:58:00.000Z') } },
    'Grafana of Usha User rotated itself', 'The old string works until 30 Nov, 11:58.'],
  ['token.rotated', { changes: { overlap_ends_at: change(null, '2026-11-29T10:12:00.000Z') } },
    'Usha User rotated Grafana', 'The old string stopped at once.'],
  ['token.revoked', { actor: ADA }, 'Ada Admin revoked Grafana of Usha User', ''],
  ['token.revoked', { actor: { kind: 'system', id: null }, changes: { revoked_reason: change(null, 'reuse') } },
    'The system revoked Grafana of Usha User', 'A token of its line was used after it had ended.'],
  ['token.exposed', { actor: { kind: 'reporter', id: null } }, 'Grafana of Usha User was found exposed and revoked',
    'A person or a program reported it.'],
  ['token.reused', { actor: { kind: 'system', id: null } },
    'Something used the old string of Grafana of Usha User', 'The use was refused.'],
  ['token.idling', { actor: { kind: 'system', id: null }, changes: { days_left: change(null, '3'),
    idle_at: change(null, '2026-12-02T09:00:00.000Z') } },
  'Grafana of Usha User goes idle in 3 days', 'On 2 Dec, 09:00, unless it is used before.'],
  ['user.created', {}, 'Usha User signed in for the first time', ''],
  ['user.role_changed', { changes: { role: change('user', 'admin') } }, 'Usha User signed in as an administrator',
    'Before: User.'],
  ['user.deactivated', { actor: ADA }, 'Ada Admin deactivated Usha User', ''],
  ['user.activated', { actor: ADA, changes: { tokens_revoked: change(null, true) } },
    'Ada Admin re-activated Usha User', 'The tokens from before are revoked.'],
  ['user.identity_moved', { actor: { kind: 'operator', id: 'arn:aws:sts::1:assumed-role/ops/ada' },
    changes: { subject: change('old', 'new') } },
  'Operator ada moved Usha User to another identity', 'Before: old. Now: new.'],
  ['key.published', { actor: { kind: 'system', id: null }, changes: { kid: change(null, 'k1'),
    use: change(null, 'api-token') } }, 'The system published signing key k1', 'It signs API tokens.'],
  ['token.paused', { actor: { name: '' } }, 'A removed user paused Grafana', ''],
]) {
  test(`an administrator reads “${sentence}”`, () => assert.deepEqual(said(type, members), [sentence, facts]));
}

for (const [type, members, sentence, facts] of [
  ['token.changed', { changes: { allowed_networks: change(['2a0a:a440::/48', '10.0.0.0/8'], ['10.0.0.0/8']) } },
    'You changed its networks: removed 2a0a:a440::/48', ''],
  ['token.changed', { changes: { name: change('CI bot', 'CI deploy bot') } }, 'You renamed it from “CI bot”', ''],
  ['token.activated', {}, 'You re-activated it', ''],
  ['token.rotated', { actor: SELF, token_id: SUCCESSOR, changes: {} }, 'The token itself rotated; this one took over',
    'The old string stopped at once.'],
  ['token.rotated', { changes: {} }, 'You rotated it', 'The old string stopped at once.'],
  ['token.revoked', { actor: { kind: 'administrator', id: null } }, 'An administrator revoked it', ''],
  ['token.exposed', { actor: { kind: 'reporter', id: null } }, 'It was found exposed and revoked',
    'A person or a program reported it.'],
  ['token.kept_alive', {}, 'You kept it alive', ''],
]) {
  test(`an owner reads “${sentence}”`, () => {
    assert.deepEqual(said(type, members, 'owner in the view of the token'), [sentence, facts]);
  });
}

test('a name of people stays a part of its own, with the ids that it leads to', () => {
  const hostile = '\u202e<b>x</b> revoked everything';
  const { parts } = wordsOf(event('token.paused', { actor: { name: hostile } }), readers.administrator);
  assert.deepEqual(parts[0], { strong: hostile, user: 'usr_1' });
  assert.deepEqual(parts[2], { strong: 'Grafana', token: TOKEN, user: 'usr_1' });
});

test('a token without a known name is named by its id', () => {
  const { parts } = wordsOf(event('token.paused'), { isAdmin: true });
  assert.equal(plain(parts), 'Usha User paused token tok_01m8544f…be6dd');
});

test('a type of a later release is shown as it is', () => {
  assert.equal(plain(wordsOf(event('token.new_thing'), readers.administrator).parts), 'Usha User: token.new_thing');
});

test('long values are cut', () => {
  const [, facts] = said('token.changed', { changes: { description: change('x'.repeat(300), '') } });
  assert.equal(facts, `Before: ${'x'.repeat(79)}…. Now: nothing.`);
});
