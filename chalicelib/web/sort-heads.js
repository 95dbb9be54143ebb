/** The head of a list whose columns can be sorted in the browser, once all of the list was read. */

import { el, spoken } from './dom.js';
import { icon } from './icons.js';

/**
 * @typedef {object} Column
 * @property {string} id
 * @property {string | Node} word
 * @property {(item: any) => string | number | null} [value] sorts the column; items without a value are last
 * @property {boolean} [isLargestFirst] whether the first click sorts from the largest value down
 */

/** Makes the head. `sort(order)` is called with the id of a column, with "-" from the largest value down. */
export function makeHead(columns, sort) {
  const head = el('div', { role: 'row', class: 'row-head' });
  head.append(...columns.map(({ id, word, value, isLargestFirst }) => {
    const choose = () => sort(nextOrder(head.dataset.order, id, isLargestFirst));
    const attributes = { type: 'button', class: 'sort', onclick: choose, disabled: true };
    return el('span', { role: 'columnheader', class: `head-${id}`, 'data-column': id },
      value ? el('button', attributes, word) : word || spoken('Actions'));
  }));
  return head;
}

/** Shows the order of a list. The columns can be sorted if `isWhole`: all of the list was read. */
export function markOrder(head, order, isWhole) {
  head.dataset.order = order;
  for (const column of head.children) {
    const sort = column.querySelector('.sort');
    if (!sort) continue;
    const isDown = order.startsWith('-');
    const isSorted = isWhole && order.replace('-', '') === column.dataset.column;
    sort.disabled = !isWhole;
    sort.querySelector('svg')?.remove();
    column.removeAttribute('aria-sort');
    if (!isSorted) continue;
    column.setAttribute('aria-sort', isDown ? 'descending' : 'ascending');
    sort.append(icon(isDown ? 'arrow-down' : 'arrow-up', { isSmall: true }));
  }
}

/** Returns the items in an order. Those without a value are last in both directions. */
export function inOrder(items, columns, order) {
  const column = columns.find(({ id }) => id === order.replace('-', ''));
  if (!column?.value) return items;
  const [known, unknown] = [[], []];
  for (const item of items) {
    const value = column.value(item);
    if (value === null || value === undefined || value === '') unknown.push(item);
    else known.push({ item, value });
  }
  const direction = order.startsWith('-') ? -1 : 1;
  known.sort((a, b) => compare(a.value, b.value) * direction);
  return [...known.map(({ item }) => item), ...unknown];
}

function nextOrder(order = '', id, isLargestFirst) {
  const [first, second] = isLargestFirst ? [`-${id}`, id] : [id, `-${id}`];
  return order === first ? second : first;
}

const compare = (a, b) => (typeof a === 'string' ? a.localeCompare(b) : a - b);
