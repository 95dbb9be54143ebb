/** Pages of a list, as the API returns them. */

import { Problem, call } from './api.js';
import { isEvent, isOwnedToken, isToken, isUser } from './shapes.js';

const SHAPES = { tokens: isToken, users: isUser, events: isEvent };
const OF_ALL = '/v1/admin/tokens';

// A search through 10,000 users reads 58 pages of at most 100 read units.
const MOST_EMPTY_PAGES = 60;

/**
 * Returns `{items, cursor}` of one page of a list. The cursor of the last page is null. Throws a Problem, also if the
 * response is not a page or an item lacks members.
 *
 * @param {string} path The path of the list.
 * @param {string} member The member of a page with its items.
 * @param {Record<string, string>} query The parameters.
 */
export async function readPage(path, member, query) {
  const { data } = await call('GET', `${path}?${new URLSearchParams(query)}`);
  const items = data[member];
  const isFit = path === OF_ALL ? isOwnedToken : SHAPES[member];
  if (!Array.isArray(items) || !items.every(isFit)) throw new Problem(200);
  return { items, cursor: data.next_cursor ?? null };
}

/**
 * Returns `{items, cursor}` of the first page with items, from `cursor` on. null begins at the front.
 * The server returns an empty page if none of the rows that it read match. More pages may follow.
 *
 * @param {string} path The path of the list.
 * @param {string} member The member of a page with its items.
 * @param {Record<string, string>} query The parameters. Empty values are left out.
 * @param {string | null} cursor The page to read. The result of the last page has null.
 */
export async function nextPage(path, member, query, cursor) {
  let next = cursor;
  for (let pages = 1; ; pages += 1) {
    const given = Object.entries({ ...query, cursor: next }).filter(([, value]) => value);
    const page = await readPage(path, member, Object.fromEntries(given));
    next = page.cursor;
    if (page.items.length || !next || pages === MOST_EMPTY_PAGES) return page;
  }
}
