/** The top of the list of "My tokens": the worst thing that needs its owner, or that the rows may be old. */

import { go } from './address.js';
import { bdi, button, el, whileBusy } from './dom.js';
import { icon } from './icons.js';
import { openRevoke } from './revoke.js';
import { keepAlive, openToken, rotate } from './token-actions.js';
import { nameOf } from './token-state.js';
import { DAY, duration, relative, until, written } from './times.js';
import { counted } from './words.js';

// Before that, the row and the summary say it calmly.
const SOON = 3 * DAY;

/**
 * The cases, the worst first. `of` is the member of the summary, `show` the filter. `say(found)` returns the main
 * sentence, with the name of the token in place of "%", and the facts. `acts(token)` returns the buttons beside "Show".
 * An ending is shown only if it is near.
 *
 * @typedef {{of: string, show: string, tone: string, picture: string, say: (found: any) => any[],
 *   acts?: (token: any) => Node[], isEnding?: boolean}} Case
 */

/** @type {Case[]} */
const CASES = [
  { of: 'exposed', show: 'exposed', tone: 'danger', picture: 'shield-alert',
    say: () => ['% was found exposed.', 'It is revoked.'] },
  { of: 'used_in_overlap', show: 'still_used', tone: 'warn', picture: 'triangle-alert',
    say: (found) => ['Something still uses the old string of %.', ...usesSince(found, 'since you rotated it')],
    acts: (token) => [danger('Revoke now…', () => openRevoke(token))] },
  { of: 'used_after_overlap', show: 'tried', tone: 'warn', picture: 'triangle-alert',
    say: (found) => ['Something tried the old string of %.', ...usesSince(found, 'since you rotated it')] },
  { of: 'refused', show: 'refused', tone: 'warn', picture: 'circle-alert',
    say: (found) => ['Something was refused with %.', ...usesSince(found, '')] },
  { of: 'idling', show: 'idling', tone: 'warn', picture: 'triangle-alert', isEnding: true,
    say: ({ at }) => [`% goes idle in ${duration(until(at))}.`],
    acts: (token) => [plain('Keep alive', () => keepAlive(token))] },
  { of: 'expiring', show: 'expiring', tone: 'warn', picture: 'triangle-alert', isEnding: true,
    say: ({ at }) => [`% expires in ${duration(until(at))}.`],
    acts: (token) => [plain('Rotate', () => rotate(token))] },
];

/**
 * Makes the place of the banner. `update(data, lastRead)` shows the worst case of the summary, or nothing. If the
 * last refresh failed, `again()` reads everything once more.
 */
export function bannerPlace(again) {
  const element = el('div', { class: 'banner-place' });
  let shown = '';
  const update = (data) => {
    const { key, make } = data.problem ? staleness(data, again) : worst(data);
    if (key === shown) return;
    shown = key;
    element.replaceChildren(...(make ? [make()] : []));
  };
  return { element, update };
}

function staleness({ readAt }, again) {
  const time = written(readAt, 'clock');
  const make = () => note('', 'wifi-off', [`Not refreshed since ${time}. The rows may be old.`],
    [button('Try again', (event) => whileBusy(event.currentTarget, again), { kind: 'small' })], 'status');
  return { key: `stale ${time}`, make };
}

/** Returns what the banner shows: a key that changes with it, and a function that makes it. */
function worst({ summary, tokens }) {
  /** @param {Case} each */
  const isTrue = ({ of, isEnding }) => summary[of].count > 0 && (!isEnding || isSoon(summary[of].at));
  const found = CASES.find(isTrue);
  if (!found) return { key: '', make: null };
  const about = summary[found.of];
  const token = tokens.get(about.token_id);
  const words = found.say(about);
  const make = () => banner(found, about, token, words);
  return { key: JSON.stringify([found.of, about, Boolean(token), words]), make };
}

/** @param {Case} found @param {any[]} words */
function banner({ show, tone, picture, acts, isEnding }, about, token, words) {
  const [sentence, ...facts] = words;
  const [before, after] = sentence.split('%');
  const name = bdi(nameOf({ name: about.token_name }));
  const open = () => (about.count > 1 ? go({ show, q: '' }) : openToken(about.token_id));
  const buttons = token && acts ? acts(token) : [];
  if (!isEnding || !buttons.length) buttons.unshift(button('Show', open, { kind: 'quiet small' }));
  return note(tone, picture, [el('strong', {}, before, name, after), ' ', ...facts], buttons, null);
}

function note(tone, picture, text, buttons, role) {
  return el('div', { class: `note table-banner ${tone}`.trim(), role }, icon(picture), el('p', {}, ...text),
    el('div', { class: 'banner-actions' }, ...buttons));
}

/** Returns the facts of uses: at least how many, the last one, and its network, which narrow screens leave out. */
function usesSince({ uses, at, from }, since) {
  const last = `last ${relative(at)}`;
  const many = uses && `At least ${counted(uses, 'time')}${since && ` ${since}`}, ${last}`;
  const text = many || last[0].toUpperCase() + last.slice(1);
  return [text, from ? el('span', { class: 'banner-network' }, ` from ${from}`) : '', '.'];
}

const isSoon = (iso) => until(iso) > 0 && until(iso) <= SOON;

const plain = (word, run) => button(word, run, { kind: 'small' });
const danger = (word, run) => button(word, run, { kind: 'small danger-opens', 'aria-haspopup': 'dialog' });
