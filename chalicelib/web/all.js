/** "All tokens". */

import { el } from './dom.js';

/** Makes the view. */
export function createAll(place) {
  place.append(el('div', { class: 'heading' }, el('h1', {}, 'All tokens')));
  return { title: 'All tokens', update: () => {} };
}
