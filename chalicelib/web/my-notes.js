/** What "My tokens" shows in place of rows, and about a pasted token. */

import { go } from './address.js';
import { bdi, button, el, spoken, whileBusy } from './dom.js';
import { icon } from './icons.js';

const LOADING_ROWS = 12;

/** Makes grey bars in place of rows. They appear after a while. */
export function loadingRows() {
  const bars = () => el('span', {}, el('span', { class: 'grey-bar' }), el('span', { class: 'grey-bar' }));
  const row = () => el('div', { class: 'row' }, bars(), bars(), bars(), bars());
  const rows = Array.from({ length: LOADING_ROWS }, row);
  return el('div', {}, el('div', { role: 'status' }, spoken('Loading your tokens.')),
    el('div', { class: 'table mine loading-rows', 'aria-hidden': 'true' }, ...rows));
}

/** Makes the panel of a first load that has failed. */
export function failure(problem, again) {
  const retry = button('Try again', (event) => whileBusy(event.currentTarget, again));
  return el('div', { class: 'table empty', role: 'alert' }, icon(problem.status ? 'circle-alert' : 'wifi-off'),
    el('h2', {}, 'Your tokens could not be loaded'), el('p', {}, problem.message), retry);
}

/** Makes the sentence about a search or a filter that finds nothing, with the way out. */
export function noHit(q, filter, input) {
  const clear = () => {
    go({ q: '' });
    input.focus();
  };
  const sentence = q ? ['No token matches “', bdi(q), '”.'] : ['No token is here now.'];
  return el('div', { class: 'empty no-hit' }, el('p', {}, ...sentence),
    el('div', { class: 'empty-actions' }, q ? button('Clear the search', clear) : null,
      filter.key ? button('Show all tokens', () => go({ show: '' })) : null));
}

/** Makes the line about a pasted token. */
export function pastedNote(text, isFound, close) {
  const attributes = { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss', onclick: close };
  const dismiss = el('button', attributes, icon('x'));
  return el('div', { class: 'note table-banner' }, icon(isFound ? 'key-round' : 'circle-alert'), el('p', {}, ...text),
    el('div', { class: 'banner-actions' }, dismiss));
}
