/** Where the events of a search come from: the list of all events, or the list of one user or one token. */

import { call } from './api.js';
import { isAsked, isFound, kindOfId, spanOf, windowsOf } from './activity-query.js';
import { readPage } from './paging.js';
import { fitting, isOwnedTokens } from './shapes.js';
import { Walk } from './walk.js';

const AT_ONCE = { search: '100', feed: '30' };

/**
 * A search for events, newest first. `lookedTo` is the time down to which it has looked, in milliseconds.
 * `isSearch` is true if it leaves out events that it reads, or may find few.
 */
export class EventSearch {
  #members;
  #keptDays;
  #nameOf;
  #span;
  lookedTo = Infinity;

  /**
   * @param {Record<string, string>} members of the address
   * @param {number} keptDays
   * @param {(id: string) => string} nameOf
   */
  constructor(members, keptDays, nameOf) {
    [this.#members, this.#keptDays, this.#nameOf] = [members, keptDays, nameOf];
    this.#span = spanOf(members, keptDays);
    this.isSearch = Boolean(members.q || members.type || members.actor);
  }

  /** Returns the walk through the events. Throws a Problem if the owner of a token cannot be read. */
  async walk() {
    const path = await pathOf(this.#members.q ?? '');
    if (path) return new Walk([{}], (query) => this.#page(path, query), (event) => this.#isAsked(event));
    return new Walk(windowsOf(this.#members, this.#keptDays), (query) => this.#page('/v1/events', query),
      (event) => isFound(event, this.#members.q, this.#nameOf));
  }

  #isAsked(event) {
    return isAsked(event, this.#members, this.#span);
  }

  async #page(path, query) {
    const limit = AT_ONCE[this.isSearch ? 'search' : 'feed'];
    const { items, cursor } = await readPage(path, 'events', { ...query, limit });
    const last = items.at(-1);
    if (last) this.lookedTo = Date.parse(last.at);
    // A window that was read to its end was looked at as a whole.
    if (!cursor && query.since) this.lookedTo = Date.parse(query.since);
    // The list of a user goes on beyond the span.
    const isPast = !query.since && this.lookedTo < this.#span.since;
    return { items, cursor: isPast ? null : cursor };
  }
}

/** Returns the path of the events of the user or the token whose id is searched, or "" for another text. */
async function pathOf(text) {
  const kind = kindOfId(text);
  if (kind === 'user') return `/v1/users/${text}/events`;
  if (kind !== 'token') return '';
  const { data } = await call('GET', `/v1/admin/tokens?token_id=${text}`).then(fitting(isOwnedTokens));
  const [token] = data.tokens;
  // A deleted token is still named in the events of all users.
  return token ? `/v1/users/${token.owner.id}/tokens/${text}/events` : '';
}
