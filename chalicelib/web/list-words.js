/** How much of a list is there, in words. */

import { counted } from './words.js';

/** How many items are added at a time. */
export const STEP = 50;

/**
 * Returns how many items were found, and how far the search has looked.
 * @param {{items: any[], read: number, pages: number, isComplete: boolean}} walk
 * @param {[string, string]} nouns of one item and of many
 * @param {(items: any[]) => string} [about] says more about a list that was read to its end
 */
export function howMany({ items, read, pages, isComplete }, [one, many], about = () => '') {
  const count = items.length ? counted(items.length, one, many) : `No ${many}`;
  if (isComplete) return items.length ? count + about(items) : count;
  // The API does not say how many rows it left out, so the pages are counted if it has found few.
  const looked = read > items.length ? counted(read, one, many) : counted(pages, 'page');
  const isShort = items.length < pages * STEP;
  return `${count} ${items.length ? 'shown' : 'found yet'}${isShort ? `. Looked at ${looked} so far` : ''}`;
}
