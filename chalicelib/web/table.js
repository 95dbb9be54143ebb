/** Tables. The roles are spelled out because narrow screens lay the rows out as cards, which loses them. */

import { el } from './dom.js';

/**
 * Makes a table; a column is `{label, sort?, first?}`, `sort` being its name in the API and `first`
 * the direction that its first click gives. `onSort(sort)` is called with `name` or `-name`.
 */
export function makeTable(caption, columns, sort, onSort) {
  const heads = columns.map((column) => head(column, onSort));
  const body = el('tbody', { role: 'rowgroup' });
  const table = el('table', { role: 'table', 'aria-label': caption },
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...heads)), body);
  showSort(table, sort);
  return { table, body };
}

/** Marks the column that the rows are ordered by. */
export function showSort(table, sort) {
  const name = sort.replace('-', '');
  for (const heading of table.querySelectorAll('th[data-sort]')) {
    if (heading.dataset.sort !== name) heading.removeAttribute('aria-sort');
    else heading.setAttribute('aria-sort', sort.startsWith('-') ? 'descending' : 'ascending');
  }
}

/** Makes a cell; cards show its column's label before it. */
export function cell(label, attributes, ...children) {
  return el('td', { role: 'cell', 'data-label': label, ...attributes }, ...children);
}

/** Makes the cell that names its row. */
export function rowHead(...children) {
  return el('th', { role: 'rowheader', scope: 'row', class: 'title-cell' }, ...children);
}

/** Makes the small button of a row: `verb` is seen, `verb` and `name` are heard. */
export function rowButton(verb, label, run, attributes = {}) {
  const properties = { type: 'button', class: 'button small', 'aria-label': label, 'data-verb': verb };
  return el('button', { ...properties, ...attributes, onclick: run }, verb);
}

function head(column, onSort) {
  const attributes = { role: 'columnheader', scope: 'col', class: column.class };
  if (!column.sort) return el('th', attributes, column.label);
  const turn = (event) => onSort(nextSort(column, event.currentTarget.closest('th')));
  return el('th', { ...attributes, 'data-sort': column.sort },
    el('button', { type: 'button', class: 'sort', onclick: turn }, column.label));
}

function nextSort(column, heading) {
  const now = heading.getAttribute('aria-sort');
  const direction = now ? (now === 'ascending' ? '-' : '') : (column.first ?? '');
  return direction + column.sort;
}
