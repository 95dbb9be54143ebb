/** The head of a token's own view: name, status, description, and the actions that can be done now. */

import { bdi, button, el, whileBusy } from './dom.js';
import { icon } from './icons.js';
import { openMenu } from './menu.js';
import { actionItems, isAway } from './token-actions.js';
import { statusBadge } from './token-cells.js';
import { nameOf, stateOf, statusWords } from './token-state.js';
import { REVOCATION_REASONS_OF_OTHERS } from './words.js';

const MOST_CHARACTERS = 140;

/** The head. Its title stays the same element, so that the focus can rest on it. */
export class TokenHead {
  #owner;
  #title;
  #status = el('span', { class: 'token-status' });
  #description = el('p', { class: 'description' });
  #stale = el('div', { role: 'status' });
  #actions = el('div', { class: 'token-actions' });

  /** @param {Node} steps @param {string} titleId @param {string | null} owner */
  constructor(steps, titleId, owner) {
    this.#owner = owner;
    this.#title = el('h1', { id: titleId, tabindex: '-1' }, 'Token');
    this.element = el('header', { class: 'token-head' },
      el('div', { class: 'token-title' }, el('div', { class: 'names' }, this.#title, this.#status), steps),
      this.#description, this.#actions, this.#stale);
  }

  /** Puts the focus on the title. */
  focus() {
    this.#title.focus();
  }

  /** Shows a token. */
  show(token) {
    const words = statusWords(token, this.#owner ? REVOCATION_REASONS_OF_OTHERS : {});
    this.#title.replaceChildren(bdi(nameOf(token)));
    this.#status.replaceChildren(statusBadge(words), el('span', { class: 'second' }, words.second));
    this.#description.replaceChildren(...(token.description ? [bdi(token.description)] : []));
    this.#description.hidden = !token.description;
    // A head that stays in view must leave room for what scrolls below it.
    this.element.classList.toggle('is-long', token.name.length + token.description.length > MOST_CHARACTERS);
    this.#actions.replaceChildren(...this.#buttons(token));
    this.#stale.replaceChildren();
  }

  /** Shows a title without a token. */
  showMissing(title = 'No such token') {
    this.#title.textContent = title;
    this.#status.replaceChildren();
    this.#description.hidden = true;
    this.#actions.replaceChildren();
    this.#stale.replaceChildren();
  }

  /** Says that what is shown may be old. */
  showStale(text, again) {
    this.#stale.replaceChildren(el('div', { class: 'note stale' }, icon('wifi-off', { isSmall: true }),
      el('p', {}, text), button('Try again', again, { kind: 'small quiet' })));
  }

  /**
   * Returns a function that gives the focus back if the action that has it is made anew. A pause that became a
   * re-activation gets it too.
   */
  keepFocus(focused) {
    const action = this.element.contains(focused) && focused.getAttribute('data-action');
    return () => {
      if (!action) return;
      const same = /** @type {HTMLElement} */ (this.#actions.querySelector(`[data-action="${action}"]`));
      (same?.offsetParent ? same : this.#title).focus();
    };
  }

  #buttons(token) {
    const items = actionItems(token, { owner: this.#owner });
    const isPrimary = { rotate: true, away: isAway(token) };
    const order = isAway(token) ? ['away', 'edit'] : ['rotate', 'edit', 'away', 'keepAlive'];
    const shown = this.#owner ? ['away'] : order;
    const buttons = shown.filter((name) => !items[name].reason).map((name) => actionButton(name, items[name],
      [isPrimary[name] ? 'primary' : '', name === 'keepAlive' ? 'wide-only' : ''].join(' ').trim()));
    if (items.revoke.reason) return buttons;
    const word = ['still_used', 'rotated'].includes(stateOf(token)) ? 'Revoke now…' : 'Revoke…';
    const revoke = actionButton('revoke', { ...items.revoke, label: word, icon: null }, 'danger-opens last wide-only');
    return [...buttons, revoke, this.#more(token, items)];
  }

  /** On phones the actions that are rarely needed are in a menu. */
  #more(token, items) {
    const entries = this.#owner ? [items.copy, null, items.revoke] : [items.copy, items.keepAlive, null, items.revoke];
    const open = (event) => openMenu(event.currentTarget, entries, { label: `More actions of ${nameOf(token)}` });
    return el('button', { type: 'button', class: 'button last narrow-only', 'aria-label': 'More actions',
      'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-action': 'more', onclick: open }, icon('ellipsis'));
  }
}

function actionButton(name, item, kind) {
  const run = (event) => whileBusy(event.currentTarget, async () => item.run());
  return button(item.label, run, { kind, picture: item.icon ? icon(item.icon) : null, 'data-action': name,
    'aria-haspopup': item.opensDialog ? 'dialog' : null });
}
