/** The table of "My tokens": a head that sorts, the live rows and the ended ones. */

import { go } from './address.js';
import { button, el, whileBusy } from './dom.js';
import { icon } from './icons.js';
import { openMenu } from './menu.js';
import { DEFAULT_SORT, ORDERS, SORTS, columnOf } from './my-filters.js';
import { RovingRows } from './rows.js';
import { menuItems, openToken } from './token-actions.js';
import { accessCell, endsCell, menuCell, nameCell, statusCell, useCell } from './token-cells.js';
import { endsOf, isEnded, nameOf, statusWords } from './token-state.js';
import { numbered } from './words.js';

const COLUMNS = [['Name', 'name'], ['Access'], ['Last used', 'last_used_at'], ['Ends', 'ends_at'], ['Status']];

/** The rows. `more()` reads more ended tokens. */
export class MyTable {
  element;
  #live = el('div', { role: 'rowgroup', class: 'live-rows' });
  #ended = el('div', { role: 'rowgroup', class: 'ended-rows', hidden: true });
  #endedCount = el('span', { class: 'count' });
  #endedHead = el('div', { role: 'row', class: 'ended-head' },
    el('div', { role: 'gridcell', 'aria-colspan': '6' }, 'Ended', this.#endedCount));
  #heads = COLUMNS.map(([word, column]) => head(word, column));
  #more;
  #rows = new Map();
  #keys;
  #order = /** @type {HTMLSelectElement} */ (el('select', { 'aria-label': 'Order' },
    ...Object.entries(ORDERS).map(([value, words]) => el('option', { value }, words))));

  constructor(more) {
    const heads = el('div', { role: 'row', class: 'row-head' }, ...this.#heads,
      el('span', { role: 'columnheader' }, el('span', { class: 'visually-hidden' }, 'Actions')));
    this.#more = button('Show more', (event) => whileBusy(event.currentTarget, more), { kind: 'small' });
    const grid = el('div', { role: 'grid', 'aria-label': 'My tokens' },
      el('div', { role: 'rowgroup' }, heads), this.#live, this.#ended);
    const end = el('div', { class: 'list-end', hidden: true }, el('span'), this.#more);
    this.element = el('div', {}, this.#orderField(), grid, end);
    this.#keys = new RovingRows(grid, { open: (id) => openToken(id), menu: (id) => this.#openMenu(id) });
  }

  /**
   * Shows tokens in their order.
   *
   * @param {{live: any[], ended: any[], endedTotal: number | null, hasMore: boolean, sort: string,
   *   open: string | undefined}} state `open` is the id of the token whose own view is open
   */
  show({ live, ended, endedTotal, hasMore, sort, open }) {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    markSort(this.#heads, sort);
    this.#order.value = sort;
    place(this.#live, live.map((token) => this.#row(token, open)));
    place(this.#ended, ended.length ? [this.#endedHead, ...ended.map((token) => this.#row(token, open))] : []);
    this.#ended.hidden = !ended.length;
    this.#endedCount.textContent = endedTotal === null ? '' : numbered(endedTotal);
    this.#showEnd(ended.length, hasMore, endedTotal);
    this.#forget(new Set([...live, ...ended].map(({ id }) => id)));
    this.#keys.settle();
    // A row that moves loses the focus.
    if (focused !== document.activeElement && focused?.isConnected) focused.focus();
  }

  /** Puts the focus on the row of a token, if it is shown. Returns whether it is. */
  focus(id) {
    const isShown = this.#rows.get(id)?.row.isConnected ?? false;
    if (isShown) this.#keys.focus(id);
    return isShown;
  }

  /** Makes the choice of the order that phones show, which have no heads of columns. */
  #orderField() {
    this.#order.addEventListener('change', () => goToOrder(this.#order.value));
    return el('div', { class: 'order' }, icon('chevron-down', { isSmall: true }), this.#order);
  }

  #showEnd(count, hasMore, total) {
    const end = this.element.lastElementChild;
    end.toggleAttribute('hidden', !(hasMore && count));
    const all = total === null ? '' : ` of ${numbered(Math.max(count, total))}`;
    end.firstElementChild.textContent = `${numbered(count)}${all} ended tokens`;
  }

  /** Returns the row of a token. It stays the same element, and is filled again only if what it says has changed. */
  #row(token, open) {
    const known = this.#rows.get(token.id);
    const said = JSON.stringify([token, endsOf(token), statusWords(token)]);
    const row = known?.row ?? el('div', { role: 'row', 'data-row': token.id });
    if (known?.said !== said) fill(row, token, () => this.#openMenu(token.id));
    row.className = `row${isEnded(token) ? ' is-ended' : ''}${token.id === open ? ' is-open' : ''}`;
    this.#rows.set(token.id, { row, said, token });
    return row;
  }

  #openMenu(id) {
    const { row, token } = this.#rows.get(id);
    const anchor = row.querySelector('[data-menu]');
    openMenu(anchor, menuItems(token), { label: `Actions of ${nameOf(token)}`, focusAfter: row });
  }

  #forget(shown) {
    for (const id of this.#rows.keys()) if (!shown.has(id)) this.#rows.delete(id);
  }
}

function fill(row, token, open) {
  const hadFocus = row.contains(document.activeElement) && row !== document.activeElement;
  row.replaceChildren(nameCell(token), accessCell(token), useCell(token), endsCell(token), statusCell(token),
    menuCell(`Actions of ${nameOf(token)}`, open));
  if (hadFocus) row.focus();
}

/** Changes the children of a group only if they differ, because moved rows lose the focus. */
function place(group, rows) {
  const isSame = group.children.length === rows.length && rows.every((row, index) => group.children[index] === row);
  if (!isSame) group.replaceChildren(...rows);
}

function head(word, column) {
  if (!column) return el('span', { role: 'columnheader' }, word);
  const label = el('button', { type: 'button', class: 'sort', 'data-column': column }, word);
  const days = column === 'last_used_at' ? el('span', { class: 'head-days', 'aria-hidden': 'true' }, '30 days') : null;
  return el('span', { role: 'columnheader', class: days ? 'head-use' : null }, label, days);
}

/** Shows the order on the heads, and what a click on each does. */
function markSort(heads, sort) {
  for (const each of heads) {
    const label = each.querySelector('.sort');
    if (!label) continue;
    const { column } = label.dataset;
    const isChosen = columnOf(sort) === column;
    const isDown = sort.startsWith('-');
    if (isChosen) each.setAttribute('aria-sort', isDown ? 'descending' : 'ascending');
    else each.removeAttribute('aria-sort');
    label.querySelector('svg')?.remove();
    if (isChosen) label.append(icon(isDown ? 'arrow-down' : 'arrow-up', { isSmall: true }));
    const turned = isDown ? column : `-${column}`;
    const next = isChosen ? turned : SORTS[column].first;
    label.onclick = () => goToOrder(next);
  }
}

const goToOrder = (sort) => go({ sort: sort === DEFAULT_SORT ? '' : sort });
