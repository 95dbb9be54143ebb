/** The page's address. It holds the view, the search, the filters, the order and the open token. */

const NAMES = ['view', 'owner', 'token', 'q', 'status', 'show', 'sort', 'type', 'actor', 'since', 'until', 'user',
  'issuer', 'job'];
// The string of a token never reaches the address, and so never the history, a log or another site.
const SECRET = /bodhi_/i;

const listeners = new Set();

/** Returns the members of the address. Unknown ones, empty ones and strings of tokens are left out. */
export function address() {
  const given = new URLSearchParams(location.search);
  return Object.fromEntries(NAMES.map((name) => [name, given.get(name)]).filter(([, value]) => isFit(value)));
}

/** Returns the address with these members alone, for a link. */
export function hrefOf(members) {
  const kept = NAMES.filter((name) => isFit(members[name])).map((name) => [name, members[name]]);
  const query = new URLSearchParams(kept).toString();
  return location.pathname + (query ? `?${query}` : '');
}

/**
 * Changes members of the address and tells the listeners. null and "" remove a member.
 * @param {Record<string, string | null>} changes
 * @param {{replace?: boolean}} [options] `replace` leaves no entry in the history: for each letter of a search.
 */
export function go(changes, { replace = false } = {}) {
  const href = hrefOf({ ...address(), ...changes });
  if (href === location.pathname + location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', href);
  tell();
}

/** Goes to an address with these members alone. */
export function goTo(members) {
  const href = hrefOf(members);
  if (href === location.pathname + location.search) return;
  history.pushState(null, '', href);
  tell();
}

/** Calls `listener(address)` at each change of the address, also by Back and Forward. */
export function onAddress(listener) {
  listeners.add(listener);
}

/** Lets links of the page change the address without loading the page again. */
export function watchAddress() {
  window.addEventListener('popstate', tell);
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[data-local]') : null;
    if (!(link instanceof HTMLAnchorElement) || event.button || isModified(event)) return;
    event.preventDefault();
    history.pushState(null, '', link.href);
    tell();
  });
}

const isModified = (event) => event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;

const isFit = (value) => Boolean(value) && !SECRET.test(value);

function tell() {
  for (const listener of listeners) listener(address());
}
