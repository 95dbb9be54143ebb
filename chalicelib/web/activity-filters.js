/** The filters of "Activity": type, actor and time. */

import { ACTOR_KINDS, EVENT_TYPES } from './event-words.js';
import { SPANS, USUAL_SPAN } from './activity-query.js';
import { el } from './dom.js';
import { icon } from './icons.js';

const CHOSEN_DAYS = 'days';
const GROUPS = { token: 'Tokens', user: 'Users', key: 'Signing keys' };

/** The row of filters. `change(members)` is called with members of the address. */
export class ActivityFilters {
  #type;
  #actor;
  #span;
  #days;
  #since = dateInput('From');
  #until = dateInput('To');

  /** @param {(members: Record<string, string | null>) => void} change @param {string} note */
  constructor(change, note) {
    const set = (name) => (event) => change({ [name]: event.target.value || null });
    this.#type = select('Type', [['', 'Everything'], ...groups()], set('type'));
    this.#actor = select('Actor', [['', 'Anyone'], ...Object.entries(ACTOR_KINDS)], set('actor'));
    this.#span = select('Time', [...Object.entries(SPANS), [CHOSEN_DAYS, 'Between two days']],
      ({ target }) => this.#choose(target.value, change));
    this.#days = el('span', { class: 'filter-days', hidden: true }, this.#since, '–', this.#until);
    const days = () => change({ since: this.#since.value || null, until: this.#until.value || null });
    for (const input of [this.#since, this.#until]) input.addEventListener('change', days);
    this.element = el('div', { class: 'feed-filters', role: 'group', 'aria-label': 'Filters' },
      el('div', { class: 'feed-filters-row' }, ...[this.#type, this.#actor, this.#span].map(boxed), this.#days),
      el('p', { class: 'second feed-filters-note' }, note));
  }

  /** Shows what the address says. Words that are not known there show the usual choice. */
  show({ type = '', actor = '', since = '', until = '' }) {
    this.#type.value = known(type, EVENT_TYPES, '');
    this.#actor.value = known(actor, ACTOR_KINDS, '');
    const hasDays = since.includes('-') || Boolean(until);
    this.#span.value = hasDays ? CHOSEN_DAYS : known(since, SPANS, USUAL_SPAN);
    this.#days.hidden = !hasDays;
    [this.#since.value, this.#until.value] = [since.includes('-') ? since : '', until];
  }

  #choose(word, change) {
    if (word !== CHOSEN_DAYS) {
      change({ since: word === USUAL_SPAN ? null : word, until: null });
      return;
    }
    this.#days.hidden = false;
    this.#since.focus();
  }
}

const known = (word, words, usual) => (Object.hasOwn(words, word) ? word : usual);

function groups() {
  return Object.entries(GROUPS).map(([group, label]) =>
    [label, Object.entries(EVENT_TYPES).filter(([type]) => type.startsWith(`${group}.`))]);
}

/** @returns {HTMLSelectElement} */
function select(label, options, change) {
  const option = ([value, word]) => (Array.isArray(word)
    ? el('optgroup', { label: value }, ...word.map(option)) : el('option', { value }, word));
  return /** @type {HTMLSelectElement} */ (
    el('select', { class: 'input', 'aria-label': label, onchange: change }, ...options.map(option)));
}

/** Returns a choice with the arrow that says that it is one. */
const boxed = (choice) => el('span', { class: 'select-box' }, choice, icon('chevron-down', { isSmall: true }));

/** @returns {HTMLInputElement} */
function dateInput(label) {
  return /** @type {HTMLInputElement} */ (el('input', { type: 'date', class: 'input', 'aria-label': label }));
}
