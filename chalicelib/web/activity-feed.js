/** The feed of "Activity": events by day, in the zone of the browser. */

import { bdi, button, el, whileBusy } from './dom.js';
import { eventIcon, eventWords } from './event-line.js';
import { actorOf, plain, wordsOf } from './event-words.js';
import { icon } from './icons.js';
import { announce } from './notices.js';
import { RovingRows } from './rows.js';
import { DAY, dayOf, hasHalfDays, timeElement, written } from './times.js';
import { programOf } from './user-agents.js';
import { counted } from './words.js';

const STEP = 30;
const GREY_ROWS = 8;

/** The list. `open(event)` is called when a row is opened, `again()` to read the list from its beginning. */
export class ActivityFeed {
  #names;
  #again;
  #search = null;
  #walk = null;
  #days = el('div', { role: 'rowgroup', class: 'feed-days' });
  #note = el('div', { hidden: true });
  #instead = el('div', { hidden: true });
  #end = el('div', { class: 'list-end', hidden: true });
  #keys;

  /** @param {{names: import('./token-names.js').TokenNames, open: (event: any) => void, again: () => void}} parts */
  constructor({ names, open, again }) {
    [this.#names, this.#again] = [names, again];
    this.#keys = new RovingRows(this.#days, { open: (id) => open(this.event(id)) });
    this.element = el('div', { class: hasHalfDays ? 'table feed has-half-days' : 'table feed' }, this.#note,
      el('div', { role: 'grid', 'aria-label': 'Activity' }, this.#days), this.#instead, this.#end);
  }

  /** Returns an event that is shown. */
  event = (id) => this.#walk.items.find((event) => event.id === id);

  /** Reads a search from its beginning. The present rows stay until its first events have come. */
  async show(search) {
    this.#walk?.stop();
    this.#search = search;
    if (!this.#days.children.length) this.#load();
    this.element.setAttribute('aria-busy', 'true');
    try {
      const walk = await search.walk();
      if (this.#search !== search) return;
      this.#walk = walk;
      await this.#read();
      announce(this.#howMany());
    } catch (problem) {
      if (this.#search === search) this.#fail(problem, this.#again);
    } finally {
      if (this.#search === search) this.element.removeAttribute('aria-busy');
    }
  }

  /** Puts the focus on the row of an event. */
  focus(id) {
    this.#keys.focus(id);
  }

  /** Makes the rows of a token again, whose name is known now. */
  rename(tokenId) {
    for (const event of this.#walk?.items ?? []) {
      if (event.token_id !== tokenId && event.actor.id !== tokenId) continue;
      const old = this.#days.querySelector(`[data-row="${CSS.escape(event.id)}"]`);
      const hadFocus = old?.contains(document.activeElement);
      old?.replaceWith(this.#row(event));
      this.#keys.settle();
      if (hadFocus) this.focus(event.id);
    }
  }

  async #read() {
    const walk = this.#walk;
    // A button that reads on would read the same page twice meanwhile.
    await walk.more(STEP, () => this.#draw({ isReading: true }));
    if (this.#walk === walk) this.#draw();
  }

  #draw({ isReading = false } = {}) {
    const { items, isComplete } = this.#walk;
    this.#note.hidden = true;
    this.#names.learn(items);
    const focused = /** @type {HTMLElement} */ (document.activeElement?.closest('.feed [data-row]'))?.dataset.row;
    this.#days.replaceChildren(...byDay(items).flatMap(([day, events]) =>
      [el('div', { role: 'row', class: 'feed-day' }, el('span', { role: 'columnheader' }, day)),
        ...events.map((event) => this.#row(event))]));
    this.#keys.settle();
    if (focused) this.focus(focused);
    const isEmpty = !items.length && isComplete;
    this.#instead.hidden = !isEmpty;
    this.#instead.replaceChildren(el('div', { class: 'empty' }, el('p', {}, 'Nothing happened that matches.')));
    const word = this.#search.isSearch ? 'Look further back' : 'Show older';
    const older = button(word, (event) => this.#older(event.currentTarget), { kind: 'small' });
    this.#end.hidden = isEmpty;
    const rest = isComplete || isReading ? [] : [older];
    this.#end.replaceChildren(el('span', { role: 'status' }, this.#howMany()), ...rest);
  }

  #howMany() {
    const { items, isComplete } = this.#walk;
    const events = items.length ? counted(items.length, 'event') : 'No event found';
    if (isComplete) return `${events}${items.length ? ', that is all' : ''}`;
    if (!this.#search.isSearch || this.#search.lookedTo === Infinity) return events;
    return `${events}. Looked back to ${written(this.#search.lookedTo, 'moment')}`;
  }

  async #older(control) {
    const [walk, before] = [this.#walk, this.#walk.items.length];
    await whileBusy(control, async () => {
      try {
        await walk.more(STEP, () => { this.#end.firstElementChild.textContent = this.#howMany(); });
      } catch (problem) {
        const again = problem.code === 'invalid_cursor' ? this.#again : () => this.#goOn();
        if (this.#walk === walk) this.#fail(problem, again);
        return;
      }
      if (this.#walk !== walk) return;
      this.#draw();
      announce(this.#howMany());
      const next = walk.items[before];
      if (next) this.focus(next.id);
      else this.#end.querySelector('button')?.focus();
    });
  }

  #goOn() {
    this.#note.hidden = true;
    this.#end.querySelector('button')?.click();
  }

  #row(event) {
    const reader = { isAdmin: true, nameOf: this.#names.of };
    const words = wordsOf(event, reader);
    return el('div', { role: 'row', class: 'row feed-row', 'data-row': event.id, 'aria-label': plain(words.parts) },
      el('div', { role: 'gridcell', class: 'feed-time' }, timeElement(event.at, 'clock')),
      el('div', { role: 'gridcell', class: 'feed-icon' }, eventIcon(words)),
      el('div', { role: 'gridcell', class: 'feed-words' }, eventWords(words.parts, { isLinked: true }),
        words.facts ? el('p', { class: 'second' }, words.facts) : null),
      el('div', { role: 'gridcell', class: 'feed-from second' }, ...from(event, reader)),
      el('div', { role: 'gridcell', class: 'feed-more' }, icon('chevron-right')));
  }

  #load() {
    const row = () => el('div', { class: 'row feed-row' }, el('span', { class: 'grey-bar' }), el('span', {}),
      el('span', {}, el('span', { class: 'grey-bar' }), el('span', { class: 'grey-bar' })));
    this.#instead.hidden = false;
    this.#instead.replaceChildren(el('div', { class: 'loading-rows', 'aria-hidden': 'true' },
      ...Array.from({ length: GREY_ROWS }, row)));
  }

  /** Says that events could not be read. Those that are shown stay. */
  #fail(problem, again) {
    if (!this.#days.children.length) this.#instead.hidden = this.#end.hidden = true;
    this.#note.hidden = false;
    this.#note.replaceChildren(el('div', { class: 'note table-banner', role: 'alert' }, icon('circle-alert'),
      el('p', {}, problem.message), button('Try again', again, { kind: 'small' })));
  }
}

/** Returns the address and the program of an actor. An actor without a request is named instead. */
function from(event, reader) {
  const { address, user_agent: userAgent } = event.actor;
  const program = userAgent ? bdi(programOf(userAgent)) : null;
  const parts = [address ? el('code', {}, address) : null, program].filter(Boolean);
  if (!parts.length) return [bdi(plain([actorOf(event, reader)]))];
  return parts.length === 1 ? parts : [parts[0], ' · ', parts[1]];
}

/** Returns the events with the name of each day, in the zone of the browser. */
function byDay(events) {
  const days = new Map();
  for (const event of events) {
    const name = dayName(new Date(event.at));
    days.set(name, [...days.get(name) ?? [], event]);
  }
  return [...days];
}

function dayName(at) {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const name = dayOf(at);
  if (at.getTime() >= midnight.getTime()) return `Today, ${name}`;
  return at.getTime() >= midnight.getTime() - DAY ? `Yesterday, ${name}` : name;
}
