/** The content of a token's own view. It stays true while the token, the clock or another tab changes it. */

import { hrefOf } from './address.js';
import { call, isAdmin, tokenPath } from './api.js';
import { onStale, onToken } from './changes.js';
import { atLeast, caption, usageChart } from './chart.js';
import { bdi, button, el } from './dom.js';
import { userName } from './people.js';
import { fitting, isToken, isUsage, isUser } from './shapes.js';
import { TokenEvents } from './token-events.js';
import { TokenHead } from './token-head.js';
import { factsSection, networksSection, refusedSection, section, usedSection } from './token-sections.js';
import { endsOf, nameOf, stateOf } from './token-state.js';
import { warningOf } from './token-warning.js';
import { onTick, written } from './times.js';

/** One token, from its first request until `end`. */
export class TokenContent {
  /** @type {string} */
  id;
  /** @type {string | null} */
  owner;
  #path;
  #head;
  #body = el('div', { class: 'token-body' });
  #use = el('section', { class: 'token-section', hidden: true });
  #events;
  #token = null;
  #related = {};
  #user = null;
  #readAt = 0;
  #shown = '';
  #ended = new AbortController();
  #ends = [];

  /** @param {{id: string, owner: string | null, steps: Node, titleId: string}} parts */
  constructor({ id, owner, steps, titleId }) {
    [this.id, this.owner, this.#path] = [id, owner, tokenPath(id, owner)];
    this.#head = new TokenHead(steps, titleId, owner);
    this.#events = new TokenEvents(this.#path, id, Boolean(owner));
    this.element = el('article', { class: 'token-view', 'aria-busy': 'true' }, this.#head.element, this.#body);
    this.#body.append(loading());
    this.#listen();
    this.#load();
  }

  /** Puts the focus on the title. */
  focus() {
    this.#head.focus();
  }

  /** Ends the listening. Responses that come later change nothing. */
  end() {
    this.#ended.abort();
    for (const end of this.#ends) end();
  }

  #listen() {
    this.#ends = [
      onToken((token) => {
        if (token.id !== this.id || !this.#token) return;
        this.#token = { ...this.#token, ...token };
        this.#render();
        this.#events.load();
      }),
      onStale(() => this.#load()),
      onTick(() => { if (this.#token && this.#stateNow() !== this.#shown) this.#render(); }),
    ];
    window.addEventListener('focus', () => this.#load(), { signal: this.#ended.signal });
  }

  async #load() {
    try {
      const [{ data }, user] = await Promise.all([call('GET', this.#path).then(fitting(isToken)), this.#readOwner()]);
      if (this.#ended.signal.aborted) return;
      const isFirst = !this.#token;
      // The status of the owner decides whether the token works.
      if (user) [this.#user, this.#token] = [user, { ...this.#token, owner: ownerOf(user) }];
      this.#token = { ...this.#token, ...data };
      this.#readAt = Date.now();
      this.#render();
      this.#loadUse();
      this.#events.load();
      if (isFirst) document.title = `${nameOf(data)} · ${document.title}`;
      await this.#loadNames();
    } catch (problem) {
      if (!this.#ended.signal.aborted) this.#fail(problem);
    } finally {
      this.element.removeAttribute('aria-busy');
    }
  }

  /** Reads the owner, for an administrator. Returns null otherwise, or if that fails. */
  async #readOwner() {
    const found = this.owner && await read(`/v1/users/${encodeURIComponent(this.owner)}`, isUser);
    return found ? found.data : null;
  }

  /** Reads the tokens before and after this one, which the facts name. */
  async #loadNames() {
    const { predecessor_id: before, successor_id: after } = this.#token;
    const found = await Promise.all(
      [before, after].map((id) => (id ? read(tokenPath(id, this.owner), isToken) : null)));
    if (this.#ended.signal.aborted) return;
    this.#related = { predecessor: found[0]?.data ?? null, successor: found[1]?.data ?? null };
    if (found.some(Boolean)) this.#render();
  }

  #render() {
    const token = this.#token;
    this.#shown = this.#stateNow();
    const context = { owner: this.owner, user: this.#user, ...this.#related };
    const focused = this.#head.keepFocus(document.activeElement);
    this.#head.show(token);
    // The chart and the events keep their elements, and so what a person has chosen in them.
    this.#body.replaceChildren(...[
      section({ class: 'facts-section' }, warningOf(token, context), factsSection(token, context)),
      this.#use, usedSection(token), networksSection(token, this.owner), refusedSection(token), this.#events.element,
    ].filter(Boolean));
    focused();
  }

  #stateNow = () => JSON.stringify([stateOf(this.#token), endsOf(this.#token)]);

  async #loadUse() {
    const title = el('h2', {}, 'Use in the last 30 days');
    try {
      const { data } = await call('GET', `${this.#path}/usage`).then(fitting(isUsage));
      const sum = data.days.reduce((total, day) => total + day.at_least, 0);
      this.#use.replaceChildren(
        el('div', { class: 'section-head' }, title, el('p', { class: 'aside' },
          el('span', { class: 'wide-only' }, caption(data.days)),
          el('span', { class: 'narrow-only' }, sum ? atLeast(sum) : 'Days in UTC'))),
        usageChart(data.days));
    } catch (problem) {
      if (!this.#use.querySelector('.chart')) this.#use.replaceChildren(title, ...this.#failure(problem));
    }
    this.#use.hidden = false;
  }

  #failure(problem) {
    return [el('p', { class: 'second', role: 'alert' }, problem.message),
      el('div', { class: 'section-end' }, button('Try again', () => this.#load(), { kind: 'small' }))];
  }

  /** Says calmly that the token does not exist or could not be read. The facts from before stay. */
  #fail(problem) {
    if (problem.status === 404) {
      this.#head.showMissing();
      this.#body.replaceChildren(section({}, ...this.#missing()));
      this.#token = null;
    } else if (this.#token) {
      this.#head.showStale(`Not refreshed since ${written(this.#readAt, 'clock')}.`, () => this.#load());
    } else {
      this.#head.showMissing('This token could not be read');
      this.#body.replaceChildren(section({}, ...this.#failure(problem)));
    }
  }

  #missing() {
    const whose = this.owner ? 'This user has no token with this id.' : 'This is not one of your tokens.';
    const look = isAdmin && !this.owner ? el('p', {}, el('a', { 'data-local': '',
      href: hrefOf({ view: 'all', q: this.id }) }, 'Look for it in All tokens')) : null;
    return [el('p', {}, `${whose} A token that ended long ago is deleted.`),
      el('p', { class: 'second' }, bdi(this.id, { class: 'mono' })), look];
  }
}

const ownerOf = (user) => ({ id: user.id, name: userName(user), status: user.status });

/** Reads what is good to know. Returns null if that fails. */
const read = (path, isFit) => call('GET', path).then(fitting(isFit)).catch(() => null);

function loading() {
  const bars = () => el('div', {}, el('span', { class: 'grey-bar' }), el('span', { class: 'grey-bar' }));
  return el('div', { class: 'token-section loading-rows token-facts', 'aria-hidden': 'true' },
    ...Array.from({ length: 6 }, bars));
}
