/** "Users". */

import { el } from './dom.js';

/** Makes the view. */
export function createUsers(place) {
  place.append(el('div', { class: 'heading' }, el('h1', {}, 'Users')));
  return { title: 'Users', update: () => {} };
}
