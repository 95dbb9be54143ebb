/** Sentences about events as elements. */

import { address, hrefOf } from './address.js';
import { bdi, el } from './dom.js';
import { icon } from './icons.js';

/**
 * Makes the sentence of an event. With `isLinked`, names lead to the token or the user. The Tab key skips these
 * links, because all rows of a list are one tab stop.
 */
export function eventWords(parts, { isLinked = false, tag = 'p' } = {}) {
  return el(tag, { class: 'event-words' }, ...parts.map((part) => element(part, isLinked)));
}

/** Makes the icon of an event. */
export function eventIcon({ icon: picture, tone }) {
  const made = icon(picture);
  if (tone) made.classList.add(`is-${tone}`);
  return made;
}

function element(part, isLinked) {
  if (typeof part === 'string') return part;
  if (part.code) return el('code', {}, part.code);
  if (part.quote) return el('span', {}, '“', bdi(part.quote), '”');
  const href = isLinked ? hrefOfPart(part) : null;
  const name = href ? el('a', { href, 'data-local': '', tabindex: '-1' }, bdi(part.strong)) : bdi(part.strong);
  return el('strong', {}, name);
}

function hrefOfPart({ token, user }) {
  if (token && user) return hrefOf({ ...address(), token, owner: user });
  return user ? hrefOf({ view: 'users', q: user }) : null;
}
