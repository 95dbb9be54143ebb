/** What happened to a token: the newest events in its own view. */

import { button, el, whileBusy } from './dom.js';
import { eventIcon, eventWords } from './event-line.js';
import { wordsOf } from './event-words.js';
import { readPage } from './paging.js';
import { timeElement } from './times.js';

const [FEW, PAGE] = [4, 30];

/** The section "Activity" of one token. */
export class TokenEvents {
  #path;
  #reader;
  #list = el('ol', { class: 'token-events' });
  #aside = el('div', { class: 'aside' });
  #end = el('div', { class: 'section-end' });
  #events = [];
  #cursor = null;
  #showsAll = false;
  #round = 0;

  /** @param {string} path @param {string} tokenId @param {boolean} isAdmin */
  constructor(path, tokenId, isAdmin) {
    this.#path = `${path}/events`;
    this.#reader = { isAdmin, tokenId };
    this.element = el('section', { class: 'token-section', hidden: true },
      el('div', { class: 'section-head' }, el('h2', {}, 'Activity'), this.#aside), this.#list, this.#end);
  }

  /** Reads the newest events again. */
  async load() {
    this.#round += 1;
    const round = this.#round;
    try {
      const page = await this.#page(null);
      if (round !== this.#round) return;
      [this.#events, this.#cursor] = [page.items, page.cursor];
      this.#show();
    } catch (problem) {
      if (round === this.#round && !this.#events.length) this.#fail(problem, () => this.load());
    }
  }

  #page(cursor) {
    return readPage(this.#path, 'events', { limit: String(PAGE), ...(cursor ? { cursor } : {}) });
  }

  async #older(control) {
    const round = this.#round;
    await whileBusy(control, async () => {
      try {
        const page = await this.#page(this.#cursor);
        if (round !== this.#round) return;
        const first = this.#events.length;
        this.#events.push(...page.items);
        this.#cursor = page.cursor;
        this.#show();
        /** @type {HTMLElement} */ (this.#list.children[first])?.focus();
      } catch (problem) {
        this.#fail(problem, () => this.#older(control));
      }
    });
  }

  #show() {
    const shown = this.#showsAll ? this.#events : this.#events.slice(0, FEW);
    this.#list.replaceChildren(...shown.map((event) => this.#item(event)));
    const rest = this.#events.length > shown.length;
    const word = this.#cursor ? 'Show more' : `Show all ${this.#events.length}`;
    this.#aside.replaceChildren(...(rest
      ? [el('button', { type: 'button', class: 'link', onclick: () => this.#showAll() }, word)] : []));
    const older = button('Show older', (event) => this.#older(event.currentTarget), { kind: 'small' });
    this.#end.replaceChildren(...(this.#showsAll && this.#cursor ? [older] : []));
    if (!this.#events.length) this.#end.replaceChildren(el('p', { class: 'quiet-text' }, 'Nothing is recorded.'));
    this.element.hidden = false;
  }

  #showAll() {
    this.#showsAll = true;
    this.#show();
    /** @type {HTMLElement} */ (this.#list.children[FEW])?.focus();
  }

  #item(event) {
    const words = wordsOf(event, this.#reader);
    return el('li', { tabindex: '-1' }, eventIcon(words),
      el('div', {}, eventWords(words.parts), words.facts ? el('p', { class: 'second' }, words.facts) : null),
      el('span', { class: 'when' }, timeElement(event.at, 'moment')));
  }

  #fail(problem, again) {
    this.#end.replaceChildren(el('p', { class: 'second', role: 'alert' }, problem.message),
      button('Try again', again, { kind: 'small' }));
    this.element.hidden = false;
  }
}
