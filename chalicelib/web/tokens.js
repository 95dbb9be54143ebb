/** "My tokens": the list, its search and filter, and the button that opens the dialog for a new token. */

import { showAttention } from './attention.js';
import { openCreateDialog } from './create.js';
import { debounced, el } from './dom.js';
import { isTooLong, watchLength } from './fields.js';
import { List } from './list.js';
import { trimmed } from './text.js';
import { actionsCell } from './token-actions.js';
import { TOKEN_COLUMNS, tokenRow } from './token-row.js';
import { TOKEN_STATUSES } from './words.js';

const PAUSE_MILLISECONDS = 300;

const search = /** @type {HTMLInputElement} */ (document.getElementById('search-tokens'));
const filter = /** @type {HTMLSelectElement} */ (document.getElementById('filter-tokens'));
const createButton = document.getElementById('open-create');

/** Fills the view and makes its controls work. */
export function startTokens() {
  filter.append(...Object.entries(TOKEN_STATUSES).map(([value, word]) => el('option', { value }, word)));
  const list = new List(document.getElementById('tokens-list'), {
    path: '/v1/tokens',
    member: 'tokens',
    noun: 'token',
    caption: 'My tokens',
    columns: [...TOKEN_COLUMNS, { id: 'actions', class: 'actions-head' }],
    sort: '-created_at',
    query,
    clear: () => clear(list),
    empty: emptyState,
    shown: () => showAttention(document.getElementById('tokens-attention')),
    row: (token) => tokenRow(token, { extra: [actionsCell(token, list)] }),
  });
  listen(list);
  list.reload({ quietly: true });
}

function listen(list) {
  createButton.addEventListener('click', () => openCreateDialog(list));
  watchLength(search);
  const find = () => { if (!isTooLong(search)) list.reload(); };
  search.addEventListener('input', debounced(find, PAUSE_MILLISECONDS));
  filter.addEventListener('change', () => list.reload());
  document.getElementById('refresh-tokens').addEventListener('click', () => list.reload());
  document.getElementById('tokens-filter').addEventListener('submit', (event) => {
    event.preventDefault();
    list.reload();
  });
}

function query() {
  const given = { q: trimmed(search.value), status: filter.value };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value));
}

function clear(list) {
  search.value = '';
  filter.value = '';
  list.reload();
  search.focus();
}

function emptyState() {
  // The focus must return to a button that stays. The one in this text is removed with the first token.
  const create = () => {
    createButton.focus();
    createButton.click();
  };
  return el('div', { class: 'empty' },
    el('h2', {}, 'No API tokens yet'),
    el('p', {}, 'Generate one for each script or tool that calls the API. You can pause or revoke each one.'),
    el('button', { type: 'button', class: 'button', onclick: create },
      'Generate your first token'));
}
