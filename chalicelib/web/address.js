/** The page's address. It holds the view, the search, the filters, the order and the open token. */

import { limits } from './api.js';
import { holdsToken } from './pasted.js';

const NAMES = ['view', 'owner', 'token', 'q', 'status', 'show', 'sort', 'type', 'actor', 'since', 'until', 'user',
  'issuer', 'job'];
// No token reaches the address, and so none reaches the history, a log or another site. Neither does its beginning.
const SECRET = /bodhi_/i;
// No id, word or issuer of this page is longer.
const LONGEST = 500;

const listeners = new Set();

/** Returns the members of the address. Unknown ones, empty ones and strings of tokens are left out. */
export function address() {
  const given = new URLSearchParams(location.search);
  return Object.fromEntries(NAMES.map((name) => [name, given.get(name)]).filter(([name, value]) => isFit(name, value)));
}

/** Returns the address with these members alone, for a link. */
export function hrefOf(members) {
  const kept = NAMES.filter((name) => isFit(name, members[name])).map((name) => [name, members[name]]);
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

/** Removes the string of a token that a person put into the address bar. */
export function removeSecret() {
  const values = [...new URLSearchParams(location.search).values(), location.hash];
  if (values.some(isSecret)) history.replaceState(history.state, '', hrefOf(address()));
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

const isSecret = (text) => SECRET.test(text) || holdsToken(text);

/** A search that is longer than the API takes is as unknown as a member with another name. */
const isFit = (name, value) => Boolean(value) && !isSecret(value)
  && value.length <= ((name === 'q' && limits.search_length) || LONGEST);

function tell() {
  for (const listener of listeners) listener(address());
}
