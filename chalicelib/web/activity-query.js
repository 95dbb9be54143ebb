/** The filters of "Activity" in the address, and what the API is asked for them. Pure, but for the clock. */

import { DAY } from './times.js';

/** The spans of time that can be chosen, by the word in the address. */
export const SPANS = {
  '1d': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days', '90d': 'Last 90 days', all: 'All that is kept',
};
/** The span if none is chosen. */
export const USUAL_SPAN = '7d';

// A page of the API searches at most four days. So a window of four days tells how far a search has looked.
const WINDOW = 4 * DAY;
const IDS = { user: /^usr_[0-9a-z]+$/, token: /^tok_[0-9a-z]+$/ };
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/**
 * Returns the first and the last moment of a search, in milliseconds. Two days of the address, in the zone of the
 * browser, stand for all of both. Other words stand for the usual span.
 */
export function spanOf({ since = '', until = '' }, keptDays, now = Date.now()) {
  const end = DATE.test(until) ? dayAfter(until) : now;
  if (DATE.test(since)) return { since: startOfDay(since), until: Math.max(end, startOfDay(since) + 1) };
  const days = since === 'all' ? keptDays : Number.parseInt(Object.hasOwn(SPANS, since) ? since : USUAL_SPAN, 10);
  return { since: end - days * DAY, until: end };
}

/** Returns the queries of a search, the newest first: one for each window of its span. */
export function windowsOf(members, keptDays, now = Date.now()) {
  const { since, until } = spanOf(members, keptDays, now);
  const { type, actor } = members;
  const filters = { ...(type && { type }), ...(actor && { actor }) };
  const windows = [];
  for (let end = until; end > since; end -= WINDOW) {
    const begin = Math.max(since, end - WINDOW);
    windows.push({ ...filters, since: new Date(begin).toISOString(), until: new Date(end).toISOString() });
  }
  return windows;
}

/** Returns "user" or "token" if a search is for the id of one, else "". */
export const kindOfId = (text) => Object.keys(IDS).find((kind) => IDS[kind].test(text)) ?? '';

/** Returns whether an event is in the span of a search and has its type and actor. For lists without these filters. */
export function isAsked(event, { type, actor }, { since, until }) {
  const at = Date.parse(event.at);
  return at >= since && at < until && (!type || event.type === type) && (!actor || event.actor.kind === actor);
}

/** Returns whether a text is in the names, ids or addresses of an event. `nameOf(id)` returns the name of a token. */
export function isFound(event, text, nameOf) {
  if (!text) return true;
  const { actor, user, changes } = event;
  const names = [changes.name?.before, changes.name?.after, nameOf(event.token_id), nameOf(actor.id)];
  const ids = [event.id, event.token_id, event.request_id, actor.id, user?.id, actor.address];
  const wanted = text.toLowerCase();
  return [actor.name, user?.name, ...names, ...ids].some((each) => each?.toLowerCase().includes(wanted));
}

const startOfDay = (date) => new Date(`${date}T00:00`).getTime();

function dayAfter(date) {
  const day = new Date(`${date}T00:00`);
  day.setDate(day.getDate() + 1);
  return day.getTime();
}
