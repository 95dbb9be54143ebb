/** The sections of a token's own view that are made of the token alone: facts, networks, refused uses. */

import { address, hrefOf } from './address.js';
import { bdi, button, el } from './dom.js';
import { icon } from './icons.js';
import { overlap } from './networks.js';
import { userName } from './people.js';
import { copyId, edit, reasonsAgainst } from './token-actions.js';
import { accessWords, endOf, isEnded, nameOf, stateOf } from './token-state.js';
import { DAY, dayOf, timeElement, until, written } from './times.js';
import { USER_STATUSES, counted, numbered } from './words.js';

const WARNING = 7 * DAY;
const MOST_NETWORKS = 5;

/** Reasons for which uses of a genuine token were refused. */
export const REFUSALS = {
  network: 'Outside its networks',
  paused: 'While it was paused',
  idle: 'While it was idle',
  lifetime: 'After it had expired',
  rotated: 'After it was rotated',
  revoked: 'After it was revoked',
  scope: 'Scope not enough',
};

/** Makes a section. Children that are null are left out. */
export const section = (properties, ...children) =>
  el('section', { ...properties, class: `token-section ${properties.class ?? ''}`.trim() }, ...children);

/** Makes the facts: access, end, last use, creation, change, related tokens, id. */
export function factsSection(token, context) {
  return el('dl', { class: 'token-facts' },
    context.owner ? fact('Owner', ownerLink(context)) : null,
    fact('Access', accessWords(token.scopes, { isAlone: false })),
    endFact(token),
    fact('Last used', token.last_used_at ? timeElement(token.last_used_at) : 'Never'),
    fact('Created', written(token.created_at, 'date') + (token.predecessor_id ? ', by rotation' : '')),
    fact('Changed', written(token.updated_at, 'date')),
    token.predecessor_id ? fact('Replaces', relatedLink(token.predecessor_id, context.predecessor, context)) : null,
    token.successor_id ? fact('Replaced by', relatedLink(token.successor_id, context.successor, context)) : null,
    idFact(token));
}

function fact(term, value, properties = {}) {
  return el('div', properties, el('dt', {}, term), el('dd', {}, value));
}

function endFact(token) {
  if (isEnded(token)) return fact('Ended', written(endOf(token), 'date'));
  const { overlap_ends_at: overlapEnd, expires_at: expiry, idle_at: idle } = token;
  const end = [overlapEnd, expiry].filter(Boolean).sort()[0];
  const mayIdle = !['idle', 'paused', 'stopped'].includes(stateOf(token)) && (!end || idle < end);
  const first = mayIdle ? idle : end;
  const words = el('span', { class: overlapEnd ? null : toneOf(first) }, first ? whenExactly(first) : 'No expiry');
  if (!mayIdle) return fact('Ends', words);
  words.prepend('Idle ');
  const second = end ? `Expires ${whenExactly(end)}` : 'No expiry';
  return fact('Ends', el('span', {}, words, el('span', { class: 'second-line' }, second)));
}

const toneOf = (iso) => (iso && until(iso) <= WARNING ? 'is-warn' : null);

const whenExactly = (iso) => `${written(iso, 'date')}, ${written(iso, 'clock')}`;

function idFact({ id }) {
  const copy = el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Copy token id',
    onclick: () => copyId(id) }, icon('copy'));
  return fact('Token id', el('span', { class: 'with-copy' }, el('code', {}, id), copy), { class: 'whole' });
}

function ownerLink({ owner, user }) {
  const href = hrefOf({ view: 'users', q: owner });
  const link = el('a', { href, 'data-local': '' }, bdi(user ? userName(user) : 'The owner of this token'));
  const isStopped = user?.status === 'inactive';
  return el('span', {}, link, isStopped ? el('span', { class: 'second-line' }, USER_STATUSES.inactive) : null);
}

function relatedLink(id, related, { owner }) {
  const href = hrefOf({ ...address(), token: id, owner });
  if (!related) return el('a', { href, 'data-local': '' }, el('code', {}, `${id.slice(0, 12)}…${id.slice(-5)}`));
  const end = isEnded(related) ? `, until ${dayOf(endOf(related))}` : '';
  return el('a', { href, 'data-local': '' }, bdi(nameOf(related)), end);
}

/** Makes the networks from which the token was used, or null if none is known. */
export function usedSection(token) {
  const seen = token.networks ?? [];
  if (!seen.length) return null;
  const most = Math.max(...seen.map((each) => each.at_least));
  const words = seen.length < MOST_NETWORKS ? counted(seen.length, 'network') : 'Up to five networks';
  return section({}, head('Used from', `${words}, since ${dayOf(token.created_at)}`),
    el('ul', { class: 'counts' }, ...seen.map((each) => networkRow(each, most, token))));
}

function networkRow({ network, at_least: uses, last_used_at: at }, most, token) {
  const filled = el('span', {});
  filled.style.width = `${(uses / most) * 100}%`;
  const allowed = token.allowed_networks ?? [];
  const isAllowed = !allowed.length || allowed.some((each) => overlap(each, network));
  return el('li', {}, el('code', {}, network), el('div', { class: 'share', 'aria-hidden': 'true' }, filled),
    el('span', { class: 'number' }, el('span', { class: 'visually-hidden' }, 'at least '), numbered(uses),
      el('span', { class: 'visually-hidden' }, uses === 1 ? ' use' : ' uses')),
    isAllowed ? null : el('span', { class: 'remark' }, 'No longer allowed'),
    el('span', { class: 'when' }, timeElement(at)));
}

/** Makes the networks from which the token may be used. */
export function networksSection(token, owner) {
  const networks = token.allowed_networks ?? [];
  const canChange = !owner && !reasonsAgainst(token).edit;
  const word = networks.length ? 'Change networks' : 'Limit it to networks';
  const change = canChange ? el('button', { type: 'button', class: 'link', 'aria-haspopup': 'dialog',
    onclick: () => edit(token, { focus: 'networks' }) }, word) : '';
  return section({}, head(networks.length ? 'Works only from' : 'Works from', change), networks.length
    ? el('ul', { class: 'networks' }, ...networks.map((each) => el('li', {}, el('code', {}, each))))
    : el('p', { class: 'quiet-text' }, 'Anywhere'));
}

/** Makes the refused uses of the genuine string, or null if there are none. */
export function refusedSection(token) {
  const { refused, reuse_count: reuses, last_reused_at: reusedAt } = token;
  const count = refused?.count ?? 0;
  const rows = [
    count ? refusedRow(REFUSALS[refused.last_reason] ?? 'Refused', refused.last_from, refused.last_at) : null,
    reuses ? refusedRow(`${counted(reuses, 'time')} after the overlap`, null, reusedAt) : null,
  ].filter(Boolean);
  if (!rows.length) return null;
  const total = Math.max(count, reuses ?? 0);
  return section({}, head('Refused', `At least ${counted(total, 'time')}. Genuine string, but not allowed.`),
    el('p', { class: 'second' }, 'The last one of each kind:'), el('ul', { class: 'counts refused' }, ...rows));
}

const refusedRow = (reason, from, at) => el('li', {}, el('span', {}, reason),
  el('code', {}, from ?? ''), el('span', { class: 'when' }, timeElement(at)));

/** Makes the title of a section with what stands at its end. */
export const head = (title, aside) => el('div', { class: 'section-head' }, el('h2', {}, title),
  el('div', { class: 'aside' }, aside));

/** Makes a small button below a section. */
export const more = (word, run) => button(word, run, { kind: 'small' });
