/** "My tokens": the user's own tokens, live ones first. */

import { go } from './address.js';
import { onStale, onToken } from './changes.js';
import { button, debounced, el } from './dom.js';
import { icon } from './icons.js';
import { bannerPlace } from './my-banner.js';
import { MyTokens } from './my-data.js';
import { filterOf, matching, sortOf, sorted } from './my-filters.js';
import { keepRead } from './my-fresh.js';
import { failure, loadingRows, noHit, pastedNote } from './my-notes.js';
import { findPasted } from './my-pasted.js';
import { summaryLine } from './my-summary.js';
import { MyTable } from './my-table.js';
import { announce, tellNotLoaded } from './notices.js';
import { searchField } from './search-field.js';
import { isEnded, stateOf } from './token-state.js';
import { onTick } from './times.js';
import { counted } from './words.js';

const SETTLE_MILLISECONDS = 150;
// A filter with few hits reads on by itself, but not for ever.
const MOST_PAGES = 10;

/** Opens the dialog that generates a token. Its code is not needed before that. */
async function openGenerate() {
  const loaded = await import('./generate.js').catch(tellNotLoaded);
  loaded?.openGenerate();
}

/** Makes the view. */
export function createMine(place) {
  const view = new Mine(place);
  return { title: 'My tokens', update: (members) => view.update(members), leave: () => view.leave() };
}

class Mine {
  #data = new MyTokens(() => this.#render());
  /** The members of the address. @type {Record<string, string>} */
  #members = {};
  #isShown = false;
  #states = '';
  #asked = '';
  #said = '';
  #pages = 0;
  #search = searchField({
    label: 'Search, or paste a token',
    search: (text) => this.#look(text),
    pasted: (id) => this.#find(id),
  });
  #generate = button('Generate New Token', openGenerate,
    { kind: 'primary', picture: icon('plus'), 'aria-haspopup': 'dialog' });
  // A person without tokens has other controls, so these are shown when that is known.
  #heading = el('div', { class: 'heading is-loading' });
  #summary = summaryLine();
  #banner = bannerPlace(() => this.#data.refresh());
  #pasted = el('div', { role: 'status' });
  #table = new MyTable(() => this.#data.more());
  #noHit = el('div');
  #panel = el('div', { class: 'table mine' }, this.#banner.element, this.#pasted, this.#table.element, this.#noHit);
  #content = el('div', { class: 'mine-content' }, loadingRows());

  constructor(place) {
    this.#heading.append(el('h1', {}, 'My tokens'), this.#search.element, this.#generate);
    place.append(this.#heading, this.#content);
    const settle = debounced(() => this.#data.refreshSummary(), SETTLE_MILLISECONDS);
    onStale(() => this.#data.renew());
    onToken((token) => {
      this.#data.put(token);
      settle();
    });
    onTick(() => this.#tick());
    keepRead(this.#data, () => this.#isShown);
  }

  update(members) {
    const { q = '', sort } = members;
    this.#isShown = true;
    this.#members = members;
    this.#pages = 0;
    // The box may hold more letters than the address by now.
    if (q !== this.#asked) [this.#asked, this.#search.input.value] = [q, q];
    if (!this.#data.readAt) {
      this.#data.want(q, sortOf(sort));
      this.#data.refresh();
    }
    this.#render();
  }

  leave() {
    this.#isShown = false;
  }

  #look(text) {
    if (text === this.#asked) return;
    this.#asked = text;
    this.#pasted.replaceChildren();
    go({ q: text }, { replace: true });
  }

  /** Leads to the row of a token whose string was pasted. */
  async #find(id) {
    this.#asked = '';
    go({ q: '', show: '' }, { replace: true });
    const { text, token } = await findPasted(id, this.#data.tokens);
    if (token) this.#data.put(token);
    this.#pasted.replaceChildren(pastedNote(text, Boolean(token), () => this.#pasted.replaceChildren()));
    this.#render();
    if (token) this.#table.focus(token.id);
  }

  /** Ends and statuses follow the clock. The counts are the server's, so they are read again. */
  #tick() {
    if (!this.#data.readAt) return;
    const before = this.#states;
    this.#render();
    if (before !== this.#states) this.#data.refresh();
  }

  #render() {
    const { readAt, problem, tokens, summary } = this.#data;
    this.#heading.classList.toggle('is-loading', !readAt && !problem);
    if (!readAt) {
      if (problem) this.#content.replaceChildren(failure(problem, () => this.#data.refresh()));
      return;
    }
    const isEmpty = summary.total === 0 && tokens.size === 0;
    for (const part of [this.#search.element, this.#generate]) part.toggleAttribute('hidden', isEmpty);
    if (isEmpty) {
      this.#showEmpty();
      return;
    }
    if (!this.#panel.isConnected) this.#showPanel();
    this.#states = [...tokens.values()].map(stateOf).join();
    this.#showTokens();
  }

  /** Shows the panel of a person without tokens. Most people see it once, so its code comes when it is needed. */
  async #showEmpty() {
    const { emptyState } = await import('./my-empty.js');
    if (this.#content.querySelector('.empty-state')) return;
    this.#content.replaceChildren(emptyState(openGenerate));
  }

  #showPanel() {
    this.#content.replaceChildren(this.#summary.element, this.#panel);
    // The first token was generated by a button that is gone now.
    document.querySelector('dialog[open]')?.addEventListener('close', () => {
      if (document.activeElement === document.body) this.#generate.focus();
    });
  }

  #showTokens() {
    const { tokens, summary, hasMore } = this.#data;
    const { q = '', show, token: open, sort: given } = this.#members;
    const [filter, sort] = [filterOf(show), sortOf(given)];
    this.#data.want(q, sort);
    const matches = matching(q);
    const chosen = [...tokens.values()].filter((token) => matches(token) && filter.shows(token, tokens));
    this.#summary.update(summary, filter);
    this.#banner.update(this.#data);
    this.#table.show({
      live: sorted(chosen.filter((token) => !isEnded(token)), sort),
      ended: sorted(chosen.filter(isEnded), sort),
      endedTotal: q || !['', 'ended'].includes(filter.key) ? null : summary.ended,
      hasMore: hasMore && filter.mayHaveEnded,
      sort,
      open,
    });
    this.#showHits(chosen.length, q, filter);
  }

  /** Says how many tokens a search or filter shows. If there are none yet, ended ones may still be found. */
  #showHits(count, q, filter) {
    const { summary, hasMore, isReadingEnded } = this.#data;
    const mayFind = hasMore && filter.mayHaveEnded;
    if (mayFind && count < leastOf(filter, summary)) this.#readOn();
    const isNone = !count && !(mayFind && isReadingEnded);
    this.#noHit.replaceChildren(isNone ? noHit(q, filter, this.#search.input) : '');
    const asked = `${q} ${filter.key}`;
    if (this.#said && this.#said !== asked) announce(`${counted(count, 'token')} shown.`);
    this.#said = asked;
  }

  /** Reads more ended tokens for a filter that the server does not know. */
  #readOn() {
    if (this.#data.isReadingEnded || this.#data.problem || this.#pages >= MOST_PAGES) return;
    this.#pages += 1;
    this.#data.more();
  }
}

/** Returns how many tokens a filter finds by itself. For the ended ones there is a button. */
const leastOf = ({ key, count }, summary) => (count && key !== 'ended' ? count(summary) : 0);
