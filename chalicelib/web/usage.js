/** The usage of a token: a row below the token's row, with its id and a chart of the last days. */

import { call } from './api.js';
import { el, whileBusy } from './dom.js';
import { announce } from './notices.js';
import { cell, rowButton } from './table.js';
import { labelOf } from './token-row.js';
import { counted } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';
const [STEP, BAR, HEIGHT] = [10, 7, 48];
const DAY_NAME = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric', timeZone: 'UTC' });

/** Makes the button that opens and closes the usage of a token. */
export function usageButton(token) {
  const id = `usage-${token.id}`;
  const isOpen = document.getElementById(id) !== null;
  const toggle = (event) => toggleUsage(event.currentTarget, token, id);
  const attributes = { 'aria-expanded': String(isOpen), 'aria-controls': id };
  return rowButton('usage', `of ${labelOf(token)}`, toggle, attributes);
}

async function toggleUsage(button, token, id) {
  const open = document.getElementById(id);
  open?.remove();
  button.setAttribute('aria-expanded', String(!open));
  if (open) return;
  const row = button.closest('tr');
  const place = cell('usage', { colspan: row.children.length, class: 'usage-cell' });
  row.after(el('tr', { role: 'row', id, class: 'usage-row' }, place));
  await whileBusy(button, () => load(place, token));
}

async function load(place, token) {
  place.replaceChildren(el('p', { class: 'loading' }, 'Loading usage…'));
  try {
    const { data } = await call('GET', `/v1/tokens/${encodeURIComponent(token.id)}/usage`);
    place.replaceChildren(usage(token, data.days));
    announce(summary(data.days));
  } catch (problem) {
    place.replaceChildren(el('div', { class: 'problem', role: 'alert' }, el('p', {}, problem.message),
      el('button', { type: 'button', class: 'button small', onclick: () => load(place, token) }, 'Try again')));
  }
}

function usage(token, days) {
  return el('div', { class: 'usage' },
    el('figure', {},
      el('figcaption', {}, summary(days)),
      chart(days),
      el('div', { class: 'axis', 'aria-hidden': 'true' },
        el('span', {}, dayName(days[0])), el('span', {}, 'Today (UTC)')),
      table(days)),
    el('dl', {}, ...identity('Token ID', token.id), ...identity('Successor of', token.predecessor_id),
      ...identity('Replaced by', token.successor_id)));
}

const identity = (term, id) => (id ? [el('dt', {}, term), el('dd', {}, el('code', {}, id))] : []);

function summary(days) {
  const sum = days.reduce((total, day) => total + day.at_least, 0);
  // Each process counts uses and writes them later, so some may be missing.
  return sum ? `Used at least ${counted(sum, 'time')} in the last ${counted(days.length, 'day')}`
    : `No use recorded in the last ${counted(days.length, 'day')}`;
}

function chart(days) {
  const most = Math.max(1, ...days.map((day) => day.at_least));
  const bars = days.map((day, index) => {
    const height = day.at_least ? Math.max(4, Math.round((day.at_least / most) * HEIGHT)) : 2;
    const bar = svg('rect', { x: index * STEP, y: HEIGHT - height, width: BAR, height, rx: 1.5,
      class: day.at_least ? 'bar-used' : 'bar-none' });
    const words = svg('title', {});
    words.textContent = `${dayName(day)}: ${day.at_least ? `at least ${day.at_least}` : 'none'}`;
    bar.append(words);
    return bar;
  });
  const viewBox = `0 0 ${days.length * STEP - STEP + BAR} ${HEIGHT}`;
  const box = svg('svg', { viewBox, class: 'chart', 'aria-hidden': 'true' });
  box.append(...bars);
  return box;
}

/** Makes the chart's numbers for screen readers. */
function table(days) {
  const used = days.filter((day) => day.at_least);
  if (!used.length) return null;
  const rows = used.map((day) => el('tr', {},
    el('th', { scope: 'row' }, dayName(day)), el('td', {}, `at least ${day.at_least}`)));
  const head = el('tr', {}, el('th', { scope: 'col' }, 'Day (UTC)'), el('th', { scope: 'col' }, 'Uses'));
  return el('div', { class: 'visually-hidden' },
    el('table', {}, el('caption', {}, 'Uses by day'), el('thead', {}, head), el('tbody', {}, ...rows)));
}

const dayName = (day) => DAY_NAME.format(new Date(day.date));

function svg(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
