/** The rows of "Users". */

import { hrefOf } from './address.js';
import { limits, me } from './api.js';
import { bdi, el, spoken } from './dom.js';
import { emailBeside, initials, userName } from './people.js';
import { timeElement } from './times.js';
import { cell, menuCell, statusBadge } from './token-cells.js';
import { ROLES, USER_STATUSES, counted, numbered } from './words.js';

// From here on the limit is near.
const FULL = 0.9;

/** The columns before the menu. @type {import('./sort-heads.js').Column[]} */
export const USER_COLUMNS = [
  { id: 'name', word: 'Person', value: (user) => userName(user) },
  { id: 'issuer', word: 'Issuer', value: ({ issuer }) => issuer },
  { id: 'role', word: 'Role', value: ({ role }) => role },
  { id: 'tokens', word: 'Tokens', value: ({ live_tokens: live }) => live, isLargestFirst: true },
  { id: 'sign-in', word: 'Last sign-in', isLargestFirst: true,
    value: ({ last_signed_in_at: at }) => (at ? Date.parse(at) : null) },
  { id: 'status', word: 'Status', value: ({ status }) => status },
];

const BADGES = {
  active: { word: USER_STATUSES.active, icon: null, tone: '' },
  inactive: { word: USER_STATUSES.inactive, icon: 'pause', tone: 'quiet' },
  removed: { word: USER_STATUSES.removed, icon: 'trash', tone: 'quiet' },
};

/** Makes the row of a user. `menu(row)` is called by the button of its menu. */
export function userRow(user, menu) {
  const name = userName(user);
  const style = user.status === 'removed' ? 'row is-ended' : 'row';
  return el('div', { role: 'row', class: style, 'data-status': user.status },
    personCell(user, name),
    cell('cell-issuer', el('div', { class: 'clamp', title: user.issuer }, bdi(hostOf(user.issuer)))),
    cell('cell-role', ROLES[user.role] ?? user.role), tokensCell(user),
    cell('cell-sign-in', user.last_signed_in_at ? timeElement(user.last_signed_in_at)
      : el('span', { class: 'second' }, 'Not recorded')),
    statusCell(user),
    menuCell(`Actions of ${name}`, (anchor) => menu(anchor.closest('[data-row]'))));
}

function personCell(user, name) {
  const you = user.id === me.id ? el('span', { class: 'tag' }, 'You') : null;
  const beside = emailBeside(user);
  beside?.classList.add('second');
  return el('div', { role: 'rowheader', class: 'cell-name person' },
    el('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(name)),
    el('span', { class: 'two-lines' },
      el('span', { class: 'person-name' }, bdi(name, { class: 'name clamp', title: name }), you), beside));
}

/** Makes the number of live tokens, a link to them, with a meter of the limit. */
function tokensCell({ id, live_tokens: live = 0, status }) {
  const limit = limits.token_limit;
  const isFull = live >= (limit ?? Infinity) * FULL;
  const href = hrefOf({ view: 'all', user: id });
  const words = el('span', { class: 'tokens-word' }, live === 1 ? ' token' : ' tokens');
  const link = el('a', { href, 'data-local': '', tabindex: '-1', class: 'tokens-count' }, numbered(live), words,
    spoken(limit && status !== 'removed' ? ` of ${limit}` : ''));
  return cell('cell-tokens', link, limit ? meter(live / limit, isFull) : null,
    isFull ? el('span', { class: 'warn', 'aria-hidden': 'true' }, `of ${limit}`) : null);
}

function meter(part, isFull) {
  const fill = el('span', { class: isFull ? 'limit-fill is-full' : 'limit-fill' });
  if (part) fill.style.width = `max(2px, ${Math.min(1, part) * 100}%)`;
  return el('span', { class: 'limit-meter', 'aria-hidden': 'true' }, fill);
}

function statusCell({ status, live_tokens: live }) {
  const badge = BADGES[status] ?? { word: status, icon: null, tone: 'quiet' };
  const second = status === 'inactive' && live ? `${counted(live, 'token')} stopped` : null;
  return cell('cell-status two-lines', statusBadge(badge), second && el('span', { class: 'second clamp' }, second));
}

/** Returns the host of an issuer, because its beginning and its end are often alike. */
function hostOf(issuer) {
  try {
    return new URL(issuer).host + new URL(issuer).pathname.replace(/\/$/, '');
  } catch {
    return issuer ?? '';
  }
}
