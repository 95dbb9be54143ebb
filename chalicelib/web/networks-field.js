/** The field for the networks from which a token works: anywhere, or a list that is typed or pasted. */

import { limits } from './api.js';
import { el } from './dom.js';
import { icon } from './icons.js';
import { checkNetwork } from './networks.js';
import { holdsToken } from './pasted.js';

const EMPTY = 'Add a network, or choose “Anywhere”.';
const SEPARATOR = /[\s,;]+/;

/**
 * The field. `element` belongs into a form. `onchange` is called at each change.
 *
 * Wrong entries stay as they were typed, because the person knows what was meant.
 */
export class NetworksField {
  #entries;
  #isLimited;
  #hasTried = false;
  #box = el('div', { class: 'input-box' });
  #help = el('div', { class: 'help', id: 'networks-help', 'aria-live': 'polite' });
  #input = /** @type {HTMLInputElement} */ (el('input', { 'aria-label': 'Add a network', placeholder: 'Add a network',
    autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', 'aria-describedby': 'networks-help' }));

  /** @param {{value?: string[], onchange?: () => void}} [options] */
  constructor({ value = [], onchange = () => {} } = {}) {
    this.#entries = [...value];
    this.#isLimited = value.length > 0;
    this.onchange = onchange;
    this.list = el('div', { class: 'field' }, this.#box, this.#help);
    this.element = el('fieldset', { class: 'field' }, el('legend', {}, 'Where it works'),
      el('div', { class: 'choices' }, this.#radio('Anywhere', false), this.#radio('Only from these networks', true)),
      this.list);
    this.#box.addEventListener('click', (event) => { if (event.target === this.#box) this.#input.focus(); });
    this.#input.addEventListener('keydown', (event) => this.#key(event));
    this.#input.addEventListener('input', () => { if (SEPARATOR.test(this.#input.value)) this.#take(); });
    this.#input.addEventListener('blur', () => this.#take());
    this.#show();
  }

  /** The networks to send. They are empty for a token that works anywhere. */
  get value() {
    return this.#isLimited ? [...this.#entries] : [];
  }

  /** Returns whether the field can be sent. If not, it says why and takes the focus. */
  check() {
    this.#take();
    this.#hasTried = true;
    this.#show();
    const isRight = !this.#problem();
    if (!isRight) this.#input.focus();
    return isRight;
  }

  #radio(words, isLimited) {
    const choose = () => {
      this.#isLimited = isLimited;
      this.#show();
      this.onchange();
      if (isLimited) this.#input.focus();
    };
    const input = el('input', { type: 'radio', class: 'dot-choice', name: 'networks', value: String(isLimited),
      checked: this.#isLimited === isLimited, onchange: choose });
    return el('label', { class: 'with-icon' }, input, words);
  }

  #key(event) {
    if (event.key === 'Enter' && this.#input.value.trim()) {
      event.preventDefault();
      this.#take();
    }
    if (event.key === 'Backspace' && !this.#input.value && this.#entries.length) this.#remove(this.#entries.length - 1);
  }

  /** Moves what was typed into the list. */
  #take() {
    const typed = this.#input.value.split(SEPARATOR).filter(Boolean);
    if (!typed.length) return;
    this.#input.value = '';
    for (const text of typed) this.#add(text);
  }

  #add(text) {
    // A token is not a network either. Its string must not be readable here.
    const entry = checkNetwork(text).network ?? (holdsToken(text) ? 'bodhi_…' : text);
    if (!this.#entries.includes(entry)) this.#entries.push(entry);
    this.#show();
    this.onchange();
  }

  #remove(index) {
    this.#entries.splice(index, 1);
    this.#show();
    this.#input.focus();
    this.onchange();
  }

  #show() {
    this.list.hidden = !this.#isLimited;
    this.#box.replaceChildren(...this.#entries.map((entry, index) => this.#entry(entry, index)), this.#input);
    const problem = this.#problem();
    const isShown = problem && (problem.text !== EMPTY || this.#hasTried);
    if (isShown) this.#input.setAttribute('aria-invalid', 'true');
    else this.#input.removeAttribute('aria-invalid');
    this.#help.replaceChildren(...[isShown ? this.#told(problem) : null, this.#limit()].filter(Boolean));
  }

  #entry(entry, index) {
    const isWrong = !checkNetwork(entry).network;
    return el('span', { class: isWrong ? 'entry is-wrong' : 'entry' }, el('code', {}, entry),
      el('button', { type: 'button', 'aria-label': `Remove ${entry}`, onclick: () => this.#remove(index) },
        icon('x', { isSmall: true })));
  }

  /** @returns {{text: string, index?: number, suggestion?: string} | null} */
  #problem() {
    if (!this.#isLimited) return null;
    if (!this.#entries.length) return { text: EMPTY };
    const most = limits.networks;
    const index = this.#entries.findIndex((entry) => !checkNetwork(entry).network);
    if (index >= 0) {
      const { suggestion } = checkNetwork(this.#entries[index]);
      const what = suggestion ? 'is not the start of a network.' : 'is not a network or an address.';
      return { text: `${this.#entries[index]} ${what}`, index, suggestion };
    }
    const count = this.#entries.length;
    return count > most ? { text: `These are ${count}. At most ${most} are allowed.` } : null;
  }

  /** @param {{text: string, index?: number, suggestion?: string}} problem */
  #told({ text, index, suggestion }) {
    const correct = () => {
      this.#entries[index] = suggestion;
      this.#entries = [...new Set(this.#entries)];
      this.#show();
      this.#input.focus();
      this.onchange();
    };
    const button = () => el('button', { type: 'button', class: 'link mono', onclick: correct }, suggestion);
    const offer = suggestion ? [' Did you mean ', button(), '?'] : [];
    return el('p', { class: 'help error' }, icon('circle-alert', { isSmall: true }), el('span', {}, text, ...offer));
  }

  #limit() {
    const here = checkNetwork(document.body.dataset.address ?? '').network;
    const isNew = here && !this.#entries.includes(here);
    const add = el('button', { type: 'button', class: 'link', onclick: () => this.#add(here) }, 'Add it');
    return el('p', {}, `At most ${limits.networks}.`,
      ...(isNew ? [' You are at ', el('code', {}, here), ' now. ', add] : []));
  }
}
