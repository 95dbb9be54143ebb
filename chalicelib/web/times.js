/** Times in words, with the exact time on hover and focus. */

import { el } from './dom.js';
import { counted } from './words.js';

/** A second in milliseconds. */
export const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** A day in milliseconds. */
export const DAY = 24 * HOUR;

// The page is in English in every browser.
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
const EXACT = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'long' });
const DATE = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });
const MOMENT = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
/** @type {[Intl.RelativeTimeFormatUnit, number, number][]} */
const UNITS = [['second', SECOND, 60], ['minute', MINUTE, 60], ['hour', HOUR, 24], ['day', DAY, 100],
  ['month', 30.44 * DAY, 24], ['year', 365.25 * DAY, Infinity]];

/** Returns the milliseconds from now to a time. They are negative after it has passed. */
export const until = (iso) => Date.parse(iso) - Date.now();

/** Returns a date without its time. */
export const dateOf = (moment) => DATE.format(new Date(moment));

/** Returns a date and its time, to the minute. */
export const momentOf = (moment) => MOMENT.format(new Date(moment));

/** Returns a time relative to now: "3 hours ago", "in 12 days", "just now". */
export function relative(iso) {
  const difference = until(iso);
  if (Math.abs(difference) < 10 * SECOND && difference < SECOND) return 'just now';
  const [count, unit] = rounded(Math.abs(difference));
  return RELATIVE.format(Math.sign(difference) * count, unit);
}

/** Returns a length of time: "30 days". */
export function duration(milliseconds) {
  const [count, unit] = rounded(milliseconds);
  return counted(count, unit);
}

/** Returns a sentence to append, or "": after which time no gateway allows what was just forbidden. */
export function everywhere() {
  const seconds = Number(document.body.dataset.cacheSeconds);
  if (!seconds) return '';
  // A bound is never rounded down.
  const bound = seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`;
  return ` It takes effect everywhere within ${bound}.`;
}

/** Makes a `<time>`: relative to now, as a date if it is long past ('date'), or to the minute ('moment'). */
export function timeElement(iso, form = 'relative') {
  const attributes = { datetime: iso, title: EXACT.format(new Date(iso)), tabindex: '0', 'data-form': form };
  return el('time', attributes, worded(iso, form));
}

/** Rewrites the relative times on the page as they grow older. */
export function keepFresh() {
  setInterval(() => {
    for (const time of document.querySelectorAll('time')) {
      if (!time.dataset.form) continue;
      const text = worded(time.dateTime, time.dataset.form);
      if (time.textContent !== text) time.textContent = text;
    }
  }, 20 * SECOND);
}

function worded(iso, form) {
  if (form === 'moment') return momentOf(iso);
  return form === 'date' && -until(iso) > 7 * DAY ? dateOf(iso) : relative(iso);
}

/** @returns {[number, Intl.RelativeTimeFormatUnit]} */
function rounded(milliseconds) {
  for (const [unit, length, most] of UNITS) {
    const count = Math.round(milliseconds / length);
    if (count < most) return [Math.max(count, 1), unit];
  }
  return [1, 'year'];
}
