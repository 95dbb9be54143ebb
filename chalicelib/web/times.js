/**
 * Times in words.
 *
 * A time that stands alone is in the browser's language. A time inside a sentence of the page is in English,
 * because the sentence is.
 */

import { el } from './dom.js';
import { counted } from './words.js';

/** A second in milliseconds. */
export const SECOND = 1000;
/** A minute in milliseconds. */
export const MINUTE = 60 * SECOND;
/** An hour in milliseconds. */
export const HOUR = 60 * MINUTE;
/** A day in milliseconds. */
export const DAY = 24 * HOUR;

const TICK = 20 * SECOND;
const MANY_MONTHS = 300 * DAY;

const OWN = globalThis.navigator?.language || 'en-GB';
const ENGLISH = /^en\b/.test(OWN) ? OWN : 'en-GB';
/** @type {[Intl.RelativeTimeFormatUnit, number, number][]} */
const UNITS = [['second', SECOND, 60], ['minute', MINUTE, 60], ['hour', HOUR, 24], ['day', DAY, 100],
  ['month', 30.44 * DAY, 24], ['year', 365.25 * DAY, Infinity]];

/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const FORMS = {
  day: { day: 'numeric', month: 'short' },
  date: { day: 'numeric', month: 'short', year: 'numeric' },
  moment: { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' },
  clock: { hour: 'numeric', minute: '2-digit' },
  exact: { dateStyle: 'medium', timeStyle: 'long' },
};
const formats = new Map();

/** True if a day of the browser's clock has twice twelve hours: "12:58 p.m.". */
export const hasHalfDays = Boolean(new Intl.DateTimeFormat(OWN, FORMS.clock).resolvedOptions().hour12);

/** Returns the milliseconds from now to a time. They are negative after it has passed. */
export const until = (iso) => Date.parse(iso) - Date.now();

/**
 * Returns a date or a time in English, for sentences. `form` is "day" (2 Dec), "date" (2 Dec 2026), "moment"
 * (2 Dec, 09:00), "clock" (09:00) or "exact".
 */
export const written = (moment, form) => format(form, ENGLISH).format(new Date(moment));

/** Returns a day of usage in English: "20 Nov", or "Fri 20 Nov" with its weekday. Days of usage are days in UTC. */
export function utcDay(date, { hasWeekday = false } = {}) {
  const words = (options) => new Intl.DateTimeFormat(ENGLISH, { ...options, timeZone: 'UTC' }).format(new Date(date));
  const day = words(FORMS.day);
  return hasWeekday ? `${words({ weekday: 'short' })} ${day}` : day;
}

/** Returns a day of the calendar: without its year if it is near, with it otherwise. */
export const dayOf = (moment) => written(moment, isNear(moment) ? 'day' : 'date');

/** Returns a time relative to now in English: "3 hours ago", "in 12 days", "just now". */
export const relative = (iso) => relativeIn(iso, ENGLISH);

/** Returns a length of time: "30 days". */
export function duration(milliseconds) {
  const [count, unit] = rounded(milliseconds);
  return counted(count, unit);
}

/** Returns a sentence to append, or "": after which time no gateway allows what was just forbidden. */
export function everywhere() {
  const bound = cacheBound();
  return bound ? ` Refused everywhere within ${bound}.` : '';
}

/** Returns how long a gateway may still allow what was just forbidden, or "" if not at all. */
export function cacheBound() {
  const seconds = Number(document.body.dataset.cacheSeconds);
  if (!seconds) return '';
  // A bound is never rounded down.
  return seconds < 120 ? counted(seconds, 'second') : `${Math.ceil(seconds / 60)} minutes`;
}

/**
 * Makes a `<time>` that stands alone and stays true. "relative" becomes a date after 30 days, "ago" never does.
 * Other forms are those of `written`. The exact time is its title.
 */
export function timeElement(iso, form = 'relative') {
  const attributes = { datetime: iso, title: format('exact', OWN).format(new Date(iso)), 'data-form': form };
  const language = /^en\b/.test(OWN) ? {} : { lang: OWN };
  return el('time', { ...attributes, ...language }, worded(iso, form));
}

/** Calls `listener()` now and then, so that what depends on the clock stays true. Returns a function that ends it. */
export function onTick(listener) {
  const timer = setInterval(listener, TICK);
  return () => clearInterval(timer);
}

/** Rewrites the relative times on the page as they grow older. */
export function keepFresh() {
  onTick(() => {
    for (const time of document.querySelectorAll('time')) {
      if (!time.dataset.form) continue;
      const text = worded(time.dateTime, time.dataset.form);
      if (time.textContent !== text) time.textContent = text;
    }
  });
}

function worded(iso, form) {
  if (form === 'ago') return relativeIn(iso, OWN);
  if (form !== 'relative') return format(form, OWN).format(new Date(iso));
  if (-until(iso) > 30 * DAY) return format(isNear(iso) ? 'day' : 'date', OWN).format(new Date(iso));
  return relativeIn(iso, OWN);
}

function relativeIn(iso, language) {
  const difference = until(iso);
  const [count, unit] = rounded(Math.abs(difference));
  const isNow = Math.abs(difference) < 10 * SECOND && difference < SECOND;
  if (isNow && language === ENGLISH) return 'just now';
  const words = new Intl.RelativeTimeFormat(language, { numeric: isNow ? 'auto' : 'always' });
  return isNow ? words.format(0, 'second') : words.format(Math.sign(difference) * count, unit);
}

const isNear = (moment) => Math.abs(new Date(moment).getTime() - Date.now()) < MANY_MONTHS;

function format(form, language) {
  const key = `${form} ${language}`;
  if (!formats.has(key)) formats.set(key, makeFormat(form, language));
  return formats.get(key);
}

/** Makes a format. The hours of a clock of 24 have two digits (09:00), those of a clock of 12 as many as they need. */
function makeFormat(form, language) {
  const made = new Intl.DateTimeFormat(language, FORMS[form]);
  const isPadded = FORMS[form].hour && made.resolvedOptions().hour12 === false;
  return isPadded ? new Intl.DateTimeFormat(language, { ...FORMS[form], hour: '2-digit' }) : made;
}

/** @returns {[number, Intl.RelativeTimeFormatUnit]} */
function rounded(milliseconds) {
  for (const [unit, length, most] of UNITS) {
    const count = Math.round(milliseconds / length);
    if (count < most) return [Math.max(count, 1), unit];
  }
  return [1, 'year'];
}
