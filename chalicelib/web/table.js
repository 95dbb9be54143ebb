/** Tables. Narrow screens show the rows as cards, which lose their roles unless each role is an attribute. */

import { el } from './dom.js';
import { ACTIONS, COLUMNS } from './words.js';

/**
 * Makes a table. A column is `{id, sort?, first?, class?}`: its name in `COLUMNS`, its name in the API and the
 * direction of the first click. `onSort(sort)` is called with `name` or `-name`.
 */
export function makeTable(caption, columns, sort, onSort) {
  const heads = columns.map((column) => head(column, onSort));
  const body = el('tbody', { role: 'rowgroup' });
  const table = el('table', { role: 'table', 'aria-label': caption },
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...heads)), body);
  showSort(table, sort);
  return { table, body };
}

/** Marks the column that orders the rows. */
export function showSort(table, sort) {
  const name = sort.replace('-', '');
  for (const heading of table.querySelectorAll('th[data-sort]')) {
    if (heading.dataset.sort !== name) heading.removeAttribute('aria-sort');
    else heading.setAttribute('aria-sort', sort.startsWith('-') ? 'descending' : 'ascending');
  }
}

/** Makes a cell. `column` is a name in `COLUMNS`. Cards show the column's words before the cell. */
export function cell(column, attributes, ...children) {
  return el('td', { role: 'cell', 'data-label': COLUMNS[column], ...attributes }, ...children);
}

/** Makes the cell that names its row. */
export function rowHead(...children) {
  return el('th', { role: 'rowheader', scope: 'row', class: 'title-cell' }, ...children);
}

/** Makes a small button of a row. `action` is a name in `ACTIONS`. Screen readers say `name` after its word. */
export function rowButton(action, name, run, attributes = {}) {
  const word = ACTIONS[action];
  const properties = {
    type: 'button', class: 'button small', 'aria-label': `${word} ${name}`, 'data-action': action,
  };
  return el('button', { ...properties, ...attributes, onclick: run }, word);
}

function head(column, onSort) {
  const attributes = { role: 'columnheader', scope: 'col', class: column.class };
  const words = COLUMNS[column.id];
  if (!column.sort) return el('th', attributes, words);
  const turn = (event) => onSort(nextSort(column, event.currentTarget.closest('th')));
  return el('th', { ...attributes, 'data-sort': column.sort },
    el('button', { type: 'button', class: 'sort', onclick: turn }, words));
}

function nextSort(column, heading) {
  const now = heading.getAttribute('aria-sort');
  const direction = now ? (now === 'ascending' ? '-' : '') : (column.first ?? '');
  return direction + column.sort;
}
