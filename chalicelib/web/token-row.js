/** A token as a row of a table. */

import { el, spoken } from './dom.js';
import { cell, rowHead } from './table.js';
import { DAY, timeElement, until } from './times.js';

const WARNING = 5 * DAY;
const STATUSES = { active: 'Active', inactive: 'Inactive', idle: 'Idle', expired: 'Expired', revoked: 'Revoked' };
const REASONS = {
  owner: 'Revoked by you',
  admin: 'Revoked by an administrator',
  user_deactivated: 'Revoked when the account was deactivated',
  user_removed: 'Revoked when the account was removed',
  rotated: 'Replaced by a newer token',
  reuse: 'Revoked because a replaced token was used again',
  exposed: 'Revoked because it was found in public',
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
  const name = el('span', { class: token.name ? 'name' : 'name unnamed' }, nameOf(token));
  return [name, token.description ? el('span', { class: 'description' }, token.description) : null];
}

function statusCell(token, reasons) {
  const word = el('span', { class: `status status-${token.status}` }, STATUSES[token.status] ?? token.status);
  const parts = [word];
  if (token.revoked_at) {
    parts.push(el('span', { class: 'why' }, `${reasons[token.revoked_reason] ?? 'Revoked'}, `,
      timeElement(token.revoked_at)));
  }
  return cell('Status', { 'data-status': token.status, class: 'status-cell' }, ...parts);
}

const scopeChip = (scope) => el('code', { class: 'chip' }, scope);

function lastUse(token) {
  return token.last_used_at ? timeElement(token.last_used_at) : el('span', { class: 'muted' }, 'Never used');
}

function idleness(token) {
  if (token.status === 'idle') return el('span', { class: 'warning' }, 'Idle since ', timeElement(token.idle_at));
  // The idle clock of a paused token restarts with its re-activation; an ended token has none.
  if (token.status !== 'active') return none(token.status === 'inactive' ? 'Not while it is paused' : 'No longer');
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
