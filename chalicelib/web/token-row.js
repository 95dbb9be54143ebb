/** A token as a row of a table. */

import { el, spoken } from './dom.js';
import { cell, rowHead } from './table.js';
import { DAY, timeElement, until } from './times.js';

const WARNING = 5 * DAY;
const LATELY = 7 * DAY;
const LONGEST_OVERLAP = 7 * DAY;
const STATUSES = { active: 'Active', inactive: 'Inactive', idle: 'Idle', expired: 'Expired', revoked: 'Revoked' };
const REASONS = {
  owner: 'Revoked by you',
  admin: 'Revoked by an administrator',
  user_deactivated: 'Revoked when the account was deactivated',
  user_removed: 'Revoked when the account was removed',
  rotated: 'Rotated, ended',
  reuse: 'Revoked because a rotated token of its family was used',
  exposed: 'Found exposed and revoked',
};

/** The columns of a table of tokens; `sort` is the name in the API. */
export const TOKEN_COLUMNS = [
  { label: 'Name', sort: 'name' },
  { label: 'Status' },
  { label: 'Scopes' },
  { label: 'Created', sort: 'created_at', first: '-' },
  { label: 'Last updated' },
  { label: 'Last used', sort: 'last_used_at', first: '-' },
  { label: 'Goes idle', sort: 'idle_at' },
  { label: 'Expires' },
];

/** Returns what a token is called. */
export const nameOf = (token) => token.name || 'Unnamed token';

/** Returns what a token is called where its successor of the same name may be meant as well. */
export const labelOf = (token) => nameOf(token) + (token.successor_id ? ' (rotated)' : '');

/** Returns whether a token was lately used although it was rotated and its overlap was over. */
export const wasReusedLately = (token) => token.reuse_count > 0 && -until(token.last_reused_at) < LATELY;

/** Makes the row of a token; `owner` words who revoked it, `extra` are cells behind the others. */
export function tokenRow(token, { reasons = {}, extra = [] } = {}) {
  return el('tr', { role: 'row', 'data-token-id': token.id, class: `is-${token.status}` },
    rowHead(...title(token)),
    statusCell(token, { ...REASONS, ...reasons }),
    cell('Scopes', {}, el('span', { class: 'chips' }, ...token.scopes.map(scopeChip))),
    cell('Created', {}, timeElement(token.created_at, 'date')),
    cell('Last updated', {}, timeElement(token.updated_at, 'date')),
    cell('Last used', {}, lastUse(token)),
    cell('Goes idle', {}, idleness(token)),
    cell('Expires', {}, expiry(token)),
    ...extra);
}

function title(token) {
  // As long as the two may be in use side by side.
  const isNew = token.predecessor_id && -until(token.created_at) < LONGEST_OVERLAP;
  const origin = token.self_rotated ? 'Successor of a token that rotated itself' : 'Successor of a rotated token';
  const name = el('span', { class: token.name ? 'name' : 'name unnamed' }, nameOf(token));
  return [name, token.description ? el('span', { class: 'description' }, token.description) : null,
    isNew ? el('span', { class: 'why' }, origin) : null];
}

function statusCell(token, reasons) {
  const word = el('span', { class: `status status-${token.status}` }, STATUSES[token.status] ?? token.status);
  const notes = [ending(token, reasons), reuse(token)];
  return cell('Status', { 'data-status': token.status, class: 'status-cell' }, word, ...notes);
}

function ending(token, reasons) {
  if (token.revoked_at) {
    const isAlarming = token.revoked_reason === 'exposed' || token.revoked_reason === 'reuse';
    const words = reasons[token.revoked_reason] ?? 'Revoked';
    return el('span', { class: isAlarming ? 'why warning' : 'why' }, `${words} `, timeElement(token.revoked_at));
  }
  if (!token.overlap_ends_at) return null;
  const words = token.status === 'active' ? 'Rotated, works until ' : 'Rotated, ends on ';
  return el('span', { class: 'why' }, words, timeElement(token.overlap_ends_at, 'moment'));
}

function reuse({ reuse_count: count, last_reused_at: last }) {
  if (!count) return null;
  // Uses are counted in each process and written now and then, so some may be missing.
  const times = count === 1 ? 'once' : `${count} times`;
  return el('span', { class: 'why warning' }, `Used at least ${times} after it was rotated, last `,
    timeElement(last), '. Somebody still has it.');
}

const scopeChip = (scope) => el('code', { class: 'chip' }, scope);

function lastUse(token) {
  return token.last_used_at ? timeElement(token.last_used_at) : el('span', { class: 'muted' }, 'Never used');
}

function idleness(token) {
  if (token.status === 'idle') return el('span', { class: 'warning' }, 'Idle since ', timeElement(token.idle_at));
  // The idle clock of a paused token restarts with its re-activation; an ended token has none.
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
