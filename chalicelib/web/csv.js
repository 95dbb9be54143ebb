/** Files with comma-separated values (RFC 4180). */

import { el } from './dom.js';

// Spreadsheets run a cell that begins like this as a formula, also after white space.
const FORMULA = /^[\s]*[=+\-@]|^[\t\r]/;
const BYTE_ORDER_MARK = '\uFEFF';

/** Returns the text of a file. A cell that a spreadsheet would run as a formula begins with an apostrophe. */
export const csvOf = (head, rows) => [head, ...rows].map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');

/** Lets the browser save a file. Its name has the day. */
export function saveCsv(name, text) {
  // Excel reads a file without the mark in another encoding.
  const file = URL.createObjectURL(new Blob([BYTE_ORDER_MARK, text], { type: 'text/csv;charset=utf-8' }));
  const day = new Date().toISOString().slice(0, 'YYYY-MM-DD'.length);
  el('a', { href: file, download: `${name}-${day}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(file));
}

function cellOf(value) {
  const text = String(value ?? '');
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
