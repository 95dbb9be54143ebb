/**
 * The list behind a token's own view: the rows that are shown now. In the lists of administrators, `data-owner` of a
 * row is the user id of the token's owner.
 */

const SHOWN = ':scope > :not([hidden]) [data-row^="tok_"]';

const main = document.getElementById('view');

/** @returns {HTMLElement[]} */
function rows() {
  return [.../** @type {NodeListOf<HTMLElement>} */ (main.querySelectorAll(SHOWN))];
}

/** Returns the ids of the previous and the next token in the list, each as `{token, owner}` or null. */
export function neighbours(id) {
  const all = rows();
  const at = all.findIndex((row) => row.dataset.row === id);
  const named = (row) => (row ? { token: row.dataset.row, owner: row.dataset.owner ?? null } : null);
  return at < 0 ? { previous: null, next: null } : { previous: named(all[at - 1]), next: named(all[at + 1]) };
}

/** Marks the row of the open token. null marks none. */
export function markOpen(id) {
  for (const row of rows()) row.classList.toggle('is-open', row.dataset.row === id);
}

/** Puts the focus on the row of a token, if the list has it. */
export function focusRow(id) {
  const row = rows().find((each) => each.dataset.row === id);
  (row ?? main).focus();
}

/** Calls `listener()` when the list has made rows anew. Returns a function that ends it. */
export function onRows(listener) {
  const watcher = new MutationObserver(listener);
  watcher.observe(main, { childList: true, subtree: true });
  return () => watcher.disconnect();
}
