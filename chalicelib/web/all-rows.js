/** The rows of "All tokens". */

import { bdi, el } from './dom.js';
import { cell, accessCell, endsCell, menuCell, statusCell, useCell } from './token-cells.js';
import { isEnded, nameOf, stateOf } from './token-state.js';
import { REVOCATION_REASONS_OF_OTHERS, USER_STATUSES } from './words.js';

const [FIRST, LAST] = [12, 5];
const REMOVED = 'Removed user';

const at = (iso) => (iso ? Date.parse(iso) : null);

/** The columns between the tick and the menu. @type {import('./sort-heads.js').Column[]} */
export const ALL_COLUMNS = [
  { id: 'name', word: 'Token', value: nameOf },
  { id: 'owner', word: 'Owner', value: ({ owner }) => owner.name },
  { id: 'access', word: 'Access' },
  { id: 'use', word: 'Last used', value: (token) => at(token.last_used_at), isLargestFirst: true },
  { id: 'ends', word: 'Ends', value: (token) => (isEnded(token) ? null : at(nextEnd(token))) },
  { id: 'status', word: 'Status', value: stateOf },
];

/** Makes the row of a token. `tick(isRange)` and `menu(row)` are called by its controls. */
export function allRow(token, { tick, menu }) {
  const name = nameOf(token);
  const box = el('input', { type: 'checkbox', class: 'tick', tabindex: '-1', 'aria-label': `Select ${name}`,
    onclick: (event) => tick(event.shiftKey) });
  // A step from the view of one token to the next reads the owner from here.
  const attributes = { role: 'row', 'aria-selected': 'false', 'data-owner': token.owner.id };
  return el('div', { ...attributes, class: isEnded(token) ? 'row is-ended' : 'row' },
    cell('cell-tick', el('label', { class: 'tick-area' }, box)),
    tokenCell(token, name), ownerCell(token), accessCell(token), useCell({ ...token, last_used_from: null }),
    endsCell(token), statusCell(token, REVOCATION_REASONS_OF_OTHERS),
    menuCell(`Actions of ${name}`, (anchor) => menu(anchor.closest('[data-row]'))));
}

function tokenCell(token, name) {
  return el('div', { role: 'rowheader', class: 'cell-name two-lines' },
    bdi(name, { class: 'name clamp', title: token.name || null }),
    el('span', { class: 'second mono clamp', title: token.id }, shortId(token.id)));
}

/** Returns the beginning and the end of an id: ids of one time begin alike. */
const shortId = (id) => `${id.slice(0, FIRST)}…${id.slice(-LAST)}`;

function ownerCell({ owner }) {
  const name = owner.name || REMOVED;
  const email = owner.email && owner.email !== name ? owner.email : null;
  const status = owner.status === 'inactive' ? USER_STATUSES.inactive : null;
  const second = status ? el('span', { class: 'second clamp is-said', title: email }, status,
    ...(email ? [' · ', bdi(email)] : [])) : email && bdi(email, { class: 'second clamp', title: email });
  return cell('cell-owner two-lines',
    bdi(name, { class: owner.name ? 'clamp' : 'clamp quiet-text', title: name }), second);
}

/** Shows which rows are ticked, whether all or some are, and which one is open. */
export function markRows(place, selection, openId) {
  const rows = [...place.querySelectorAll('[data-row]')];
  for (const row of rows) {
    const isTicked = selection.has(row.dataset.row);
    row.setAttribute('aria-selected', String(isTicked));
    row.querySelector('.tick').checked = isTicked;
    row.classList.toggle('is-open', row.dataset.row === openId);
  }
  const all = place.querySelector('[data-all]');
  const ticked = rows.filter((row) => row.getAttribute('aria-selected') === 'true').length;
  all.disabled = rows.length === 0;
  all.checked = ticked > 0 && ticked === rows.length;
  all.indeterminate = ticked > 0 && ticked < rows.length;
}

/** Returns when a token ends next. */
const nextEnd = (token) => [token.overlap_ends_at, token.expires_at, token.idle_at].filter(Boolean).sort()[0];
