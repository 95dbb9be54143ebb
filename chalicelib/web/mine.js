/** "My tokens": the user's own tokens, live ones first. */

import { go } from './address.js';
import { call } from './api.js';
import { onStale, onToken } from './changes.js';
import { button, el } from './dom.js';
import { openGenerate } from './generate.js';
import { icon } from './icons.js';
import { openMenu } from './menu.js';
import { RovingRows } from './rows.js';
import { menuItems } from './token-actions.js';
import { accessCell, endsCell, menuCell, nameCell, statusCell, useCell } from './token-cells.js';
import { isEnded, nameOf } from './token-state.js';

/** Makes the view. */
export function createMine(place) {
  const rows = el('div', { role: 'rowgroup' });
  const head = el('div', { role: 'row', class: 'row-head' },
    ...['Name', 'Access', 'Last used', 'Ends', 'Status'].map((word) => el('span', { role: 'columnheader' }, word)),
    el('span', { role: 'columnheader', 'aria-label': 'Actions' }));
  const table = el('div', { role: 'grid', class: 'table mine', 'aria-label': 'My tokens' },
    el('div', { role: 'rowgroup' }, head), rows);
  const generate = button('Generate New Token', openGenerate,
    { kind: 'primary', picture: icon('plus'), 'aria-haspopup': 'dialog' });
  place.append(el('div', { class: 'heading' }, el('h1', {}, 'My tokens'), generate),
    el('div', { class: 'below-heading' }, table));
  const keys = new RovingRows(rows, {
    open: (id) => go({ token: id }),
    menu: (id, row) => openRowMenu(row.querySelector('[data-menu]'), row),
  });
  const tokens = new Map();
  const openRowMenu = (anchor, row) => {
    const token = tokens.get(row.dataset.row);
    openMenu(anchor, menuItems(token), { label: `Actions of ${nameOf(token)}`, focusAfter: row });
  };
  const make = (token) => {
    tokens.set(token.id, token);
    const row = el('div', { role: 'row', class: isEnded(token) ? 'row is-ended' : 'row', 'data-row': token.id },
      nameCell(token), accessCell(token), useCell(token), endsCell(token), statusCell(token),
      menuCell(`Actions of ${nameOf(token)}`, (anchor) => openRowMenu(anchor, row)));
    return row;
  };
  const load = async () => {
    const { data } = await call('GET', '/v1/tokens?include=usage&limit=100');
    rows.replaceChildren(...data.tokens.map(make));
    keys.settle();
  };
  onStale(load);
  onToken((token) => {
    const old = rows.querySelector(`[data-row="${CSS.escape(token.id)}"]`);
    if (!old) return;
    old.replaceWith(make({ ...tokens.get(token.id), ...token }));
    keys.settle();
  });
  load();
  return { title: 'My tokens', update: () => {} };
}
