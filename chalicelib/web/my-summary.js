/** The summary of "My tokens": sentences that are filters. */

import { go } from './address.js';
import { el } from './dom.js';
import { icon } from './icons.js';
import { ALL, FILTERS } from './my-filters.js';
import { numbered } from './words.js';

/** Makes the line. `update(summary, filter)` fills it. */
export function summaryLine() {
  const element = el('div', { class: 'summary', role: 'group', 'aria-label': 'Show' });
  let shown = '';
  // Its end is faded while there is more to scroll to.
  const fade = () => {
    const rest = element.scrollWidth - element.clientWidth - Math.abs(element.scrollLeft);
    element.classList.toggle('is-cut', rest > 1);
  };
  element.addEventListener('scroll', fade, { passive: true });
  new ResizeObserver(fade).observe(element);
  const update = (summary, filter) => {
    const parts = partsOf(summary, filter);
    const key = JSON.stringify(parts.map(({ key: name, count, words, isPressed }) => [name, count, words, isPressed]));
    if (key === shown) return;
    shown = key;
    const focused = /** @type {HTMLElement | null} */ (element.querySelector(':focus'))?.dataset.show;
    element.replaceChildren(...parts.map(chip));
    element.firstElementChild.after(el('span', { class: 'rule', 'aria-hidden': 'true' }));
    if (focused !== undefined) find(element, focused)?.focus();
    fade();
  };
  return { element, update };
}

/** @returns {any[]} */
function partsOf(summary, filter) {
  const all = { key: '', icon: null, tone: null, count: summary.total, words: '' };
  const others = FILTERS.map((each) => ({ ...each, count: each.count(summary), words: each.words(summary) }));
  const isSaid = ({ key, count, isOffered = true }) => (
    key === filter.key || key === 'live' || (count > 0 && isOffered));
  const more = summary.is_complete ? '' : '+';
  return [all, ...others.filter(isSaid)].map((part) => (
    { ...part, count: numbered(part.count) + more, isPressed: part.key === filter.key }));
}

/** Makes one part. A second click on it shows all tokens again. */
function chip({ key, icon: picture, tone, count, words, isPressed }) {
  const show = () => go({ show: isPressed ? '' : key });
  const number = el('span', { class: 'count' }, count);
  const content = key === ALL.key ? [el('span', {}, el('strong', {}, 'All'), ` ${count}`)]
    : [picture ? icon(picture) : null, el('span', {}, number, ` ${words}`)];
  return el('button', { type: 'button', class: tone ? `chip icon-small is-${tone}` : 'chip', 'data-show': key,
    'aria-pressed': String(isPressed), onclick: show }, ...content);
}

/** @returns {HTMLElement | null} */
const find = (element, key) => element.querySelector(`[data-show="${CSS.escape(key)}"]`);
