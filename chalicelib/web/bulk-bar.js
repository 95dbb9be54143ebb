/** The bar for ticked tokens. It stands below the rows, so it covers none of them. */

import { button, el, whileBusy } from './dom.js';
import { icon } from './icons.js';
import { MOST_NAMED } from './job-words.js';
import { errorToast } from './notices.js';
import { numbered } from './words.js';

/**
 * @typedef {object} Parts
 * @property {import('./selection.js').Selection} selection
 * @property {import('./console-list.js').ConsoleList} list
 * @property {() => boolean} hasFilter whether a job can have the filter of the list
 * @property {() => boolean} isFiltered
 * @property {(action: 'revoke' | 'pause') => void} ask
 */

const TOO_MANY = `More than ${numbered(MOST_NAMED)} tokens match. Use filters in place of the search, or fewer words.`;

/** The bar with the number of ticked tokens and their actions. */
export class BulkBar {
  element;
  #parts;
  #count = el('strong', { role: 'status' });
  #all = el('button', { type: 'button', class: 'link', onclick: (event) => this.#chooseAll(event.currentTarget) },
    el('span', { 'data-label': '' }));

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { ask, selection } = parts;
    const action = (word, kind, picture, name) => button(word, () => ask(name),
      { kind, picture: icon(picture), 'aria-haspopup': 'dialog' });
    const clear = el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Clear the selection',
      onclick: () => this.#clear(selection) }, icon('x'));
    this.element = el('div', { class: 'bulk', role: 'region', 'aria-label': 'Selected tokens', hidden: true },
      el('div', { class: 'bulk-bar' }, el('div', { class: 'bulk-count' }, this.#count, this.#all),
        el('span', { class: 'rule' }), action('Pause', '', 'pause', 'pause'),
        action('Revoke…', 'danger-opens', 'ban', 'revoke'), clear));
  }

  /** Shows what is ticked now. */
  update() {
    const { selection, list } = this.#parts;
    const wasHidden = this.element.hidden;
    this.element.hidden = selection.isEmpty;
    document.documentElement.classList.toggle('has-bulk', !selection.isEmpty);
    if (selection.isEmpty) return;
    this.#count.textContent = selection.isAll ? this.#allWords() : `${numbered(selection.ids.size)} selected`;
    const rest = this.#rest();
    this.#all.hidden = !rest;
    this.#all.firstElementChild.textContent = rest;
    // The bar may have come up over the row that was ticked.
    const focused = document.activeElement?.closest('[data-row]');
    if (wasHidden && focused && list.items.length) focused.scrollIntoView({ block: 'nearest' });
  }

  /** Takes the bar away, because another view is shown. */
  leave() {
    document.documentElement.classList.remove('has-bulk');
  }

  #allWords() {
    const { list, isFiltered } = this.#parts;
    if (list.isComplete) return `All ${numbered(list.items.length)} selected`;
    return isFiltered() ? 'All that match selected' : 'All tokens selected';
  }

  /** Returns the words of the button that ticks the rest, or "" if all are ticked. */
  #rest() {
    const { selection, list, isFiltered } = this.#parts;
    const { length } = list.items;
    if (selection.isAll || (list.isComplete && selection.ids.size >= length)) return '';
    if (list.isComplete) return `Select all ${numbered(length)}`;
    return isFiltered() ? 'Select all that match' : 'Select all tokens';
  }

  async #chooseAll(control) {
    const { selection, list, hasFilter } = this.#parts;
    await whileBusy(control, async () => {
      try {
        if (!list.isComplete && !hasFilter()) await list.readAll(MOST_NAMED + 1);
        const isFew = list.isComplete && list.items.length <= MOST_NAMED;
        if (isFew) selection.set(list.items.map(({ id }) => id));
        else if (hasFilter()) selection.setAll();
        else errorToast(TOO_MANY);
      } catch (problem) {
        errorToast(problem.message);
      }
    });
  }

  #clear(selection) {
    const { list } = this.#parts;
    selection.clear();
    list.focus(null);
  }
}
