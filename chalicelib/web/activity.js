/** "Activity". */

import { el } from './dom.js';

/** Makes the view. */
export function createActivity(place) {
  place.append(el('div', { class: 'heading' }, el('h1', {}, 'Activity')));
  return { title: 'Activity', update: () => {} };
}
