/** A token as a row of a table. */

import { limits } from './api.js';
import { el, spoken } from './dom.js';
import { cell, rowHead } from './table.js';
import { DAY, SECOND, timeElement, until } from './times.js';
import { REVOCATION_REASONS, TOKEN_STATUSES } from './words.js';

const WARNING = 5 * DAY;
const LONGEST_OVERLAP = limits.overlap_seconds * SECOND;
// Revocations that the service made because the token was in wrong hands.
const ALARMING = ['exposed', 'reuse'];

/** The columns of a table of tokens. */
export const TOKEN_COLUMNS = [
  { id: 'name', sort: 'name' },
  { id: 'status' },
  { id: 'scopes' },
  { id: 'created', sort: 'created_at', first: '-' },
  { id: 'updated' },
  { id: 'used', sort: 'last_used_at', first: '-' },
  { id: 'idle', sort: 'idle_at' },
  { id: 'expires' },
];

/** Returns the name of a token for people. */
export const nameOf = (token) => token.name || 'Unnamed token';

/** Returns the name of a token, marked if a successor has the same name. */
export const labelOf = (token) => nameOf(token) + (token.successor_id ? ' (rotated)' : '');

/** Makes the row of a token. `reasons` replace words of `REVOCATION_REASONS`. `extra` are more cells. */
export function tokenRow(token, { reasons = {}, extra = [] } = {}) {
  return el('tr', { role: 'row', 'data-token-id': token.id, class: `is-${token.status}` },
    rowHead(...title(token)),
    statusCell(token, { ...REVOCATION_REASONS, ...reasons }),
    cell('scopes', {}, el('span', { class: 'chips' }, ...token.scopes.map(scopeChip))),
    cell('created', {}, timeElement(token.created_at, 'date')),
    cell('updated', {}, timeElement(token.updated_at, 'date')),
    cell('used', {}, lastUse(token)),
    cell('idle', {}, idleness(token)),
    cell('expires', {}, expiry(token)),
    ...extra);
}

function title(token) {
  // The two tokens may both be in use for so long.
  const isNew = token.predecessor_id && -until(token.created_at) < LONGEST_OVERLAP;
  const origin = token.self_rotated ? 'Successor of a token that rotated itself' : 'Successor of a rotated token';
  const name = el('span', { class: token.name ? 'name' : 'name unnamed' }, nameOf(token));
  return [name, token.description ? el('span', { class: 'description' }, token.description) : null,
    isNew ? el('span', { class: 'why' }, origin) : null];
}

function statusCell(token, reasons) {
  const word = el('span', { class: `status status-${token.status}` }, TOKEN_STATUSES[token.status] ?? token.status);
  const notes = [ending(token, reasons), reuse(token)];
  return cell('status', { 'data-status': token.status, class: 'status-cell' }, word, ...notes);
}

function ending(token, reasons) {
  if (token.revoked_at) {
    const words = reasons[token.revoked_reason] ?? 'Revoked';
    const kind = ALARMING.includes(token.revoked_reason) ? 'why warning' : 'why';
    return el('span', { class: kind }, `${words} `, timeElement(token.revoked_at));
  }
  if (!token.overlap_ends_at) return null;
  const words = token.status === 'active' ? 'Rotated, works until ' : 'Rotated, ends on ';
  return el('span', { class: 'why' }, words, timeElement(token.overlap_ends_at, 'moment'));
}

function reuse({ reuse_count: count, last_reused_at: last }) {
  if (!count) return null;
  // Each process counts uses and writes them later, so some may be missing.
  const times = count === 1 ? 'once' : `${count} times`;
  return el('span', { class: 'why warning' }, `Used at least ${times} after it was rotated, last `,
    timeElement(last), '. It is still in use.');
}

const scopeChip = (scope) => el('code', { class: 'chip' }, scope);

function lastUse(token) {
  return token.last_used_at ? timeElement(token.last_used_at) : el('span', { class: 'muted' }, 'Never used');
}

function idleness(token) {
  if (token.status === 'idle') return el('span', { class: 'warning' }, 'Idle since ', timeElement(token.idle_at));
  // The idle clock of a paused token restarts at its re-activation. An ended token has no idle clock.
  if (token.status !== 'active') return none(token.status === 'inactive' ? 'Not while it is paused' : 'No longer');
  if (token.overlap_ends_at && token.overlap_ends_at <= token.idle_at) return none('Not before it ends');
  if (until(token.idle_at) <= WARNING) {
    return el('span', { class: 'warning' }, 'Goes idle ', timeElement(token.idle_at));
  }
  return el('span', {}, spoken('Goes idle '), timeElement(token.idle_at));
}

function expiry(token) {
  if (!token.expires_at) return el('span', { class: 'muted' }, 'Never');
  const time = timeElement(token.expires_at);
  if (until(token.expires_at) <= 0) return el('span', {}, 'Expired ', time);
  const isNear = token.status !== 'revoked' && until(token.expires_at) <= WARNING;
  return isNear ? el('span', { class: 'warning' }, 'Expires ', time) : el('span', {}, spoken('Expires '), time);
}

const none = (words) => el('span', { class: 'muted' }, el('span', { 'aria-hidden': 'true' }, '–'), spoken(words));
