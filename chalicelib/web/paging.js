/** Pages of a list, as the API hands them out. */

import { call } from './api.js';

const MOST_EMPTY_PAGES = 20;

/**
 * Returns `{items, cursor}` of the first page that has something, from `cursor` on; null begins at the front.
 * The server may answer with an empty page although more follow: what it read did not match.
 * @param {string} path the path of the list
 * @param {string} member the member of a page that holds its items
 * @param {Record<string, string>} query parameters; empty ones are left out
 * @param {string | null} cursor the page to read; the result's is null on the last page
 */
export async function nextPage(path, member, query, cursor) {
  let next = cursor;
  for (let pages = 1; ; pages += 1) {
    const given = Object.entries({ ...query, cursor: next }).filter(([, value]) => value);
    const { data } = await call('GET', `${path}?${new URLSearchParams(given)}`);
    const items = data[member];
    next = data.next_cursor;
    if (items.length || !next || pages === MOST_EMPTY_PAGES) return { items, cursor: next };
  }
}
