/** "My tokens": the list, its search and filter, and the button that makes a token. */

import { el, debounced } from './dom.js';
import { openGenerateDialog } from './generate.js';
import { List } from './list.js';
import { actionsCell } from './token-actions.js';
import { TOKEN_COLUMNS, nameOf, tokenRow, wasReusedLately } from './token-row.js';

const PAUSE_MILLISECONDS = 300;

const search = /** @type {HTMLInputElement} */ (document.getElementById('search-tokens'));
const filter = /** @type {HTMLSelectElement} */ (document.getElementById('filter-tokens'));
const generateButton = document.getElementById('generate-new-token');

/** Fills the view and makes its controls work. */
export function startTokens() {
  const list = new List(document.getElementById('tokens-list'), {
    path: '/v1/tokens',
    member: 'tokens',
    noun: 'token',
    caption: 'My tokens',
    columns: [...TOKEN_COLUMNS, { label: 'Actions', class: 'actions-head' }],
    sort: '-created_at',
    query,
    clear: () => clear(list),
    empty: emptyState,
    notice: reuseNotice,
    row: (token) => tokenRow(token, { extra: [actionsCell(token, list)] }),
  });
  listen(list);
  list.reload({ quietly: true });
}

function listen(list) {
  generateButton.addEventListener('click', () => openGenerateDialog(list));
  search.addEventListener('input', debounced(() => list.reload(), PAUSE_MILLISECONDS));
  filter.addEventListener('change', () => list.reload());
  document.getElementById('refresh-tokens').addEventListener('click', () => list.reload());
  document.getElementById('tokens-filter').addEventListener('submit', (event) => {
    event.preventDefault();
    list.reload();
  });
}

/** Says calmly that somebody uses what nobody should have any more. */
function reuseNotice(tokens) {
  const names = [...new Set(tokens.filter(wasReusedLately).map((token) => `“${nameOf(token)}”`))];
  if (!names.length) return null;
  const what = names.length === 1 ? `${names[0]} was used after it was rotated, and refused.`
    : `Rotated tokens were used after their time, and refused: ${names.join(', ')}.`;
  return el('div', { class: 'callout' },
    el('p', {}, what),
    el('p', { class: 'hint' }, 'If that was a program of yours, give it the successor. '
      + 'If you do not know who it was, rotate the successor too.'));
}

function query() {
  const given = { q: search.value.trim(), status: filter.value };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value));
}

function clear(list) {
  search.value = '';
  filter.value = '';
  list.reload();
  search.focus();
}

function emptyState() {
  // From the button that stays: this one is gone when the focus would come back to it.
  const generate = () => {
    generateButton.focus();
    generateButton.click();
  };
  return el('div', { class: 'empty' },
    el('h2', {}, 'No API tokens yet'),
    el('p', {}, 'Generate one for each script or tool that calls the API. You can pause or revoke each by itself.'),
    el('button', { type: 'button', class: 'button', onclick: generate },
      'Generate your first token'));
}
