/** The chart of the uses of a token on its last days: one bar a day, linear from zero. */

import { gridlines, namedDays, totals } from './chart-scale.js';
import { el } from './dom.js';
import { svg } from './icons.js';
import { utcDay } from './times.js';
import { counted, numbered } from './words.js';

const [BAND, PLOT, FOOT, EMPTY_PLOT] = [32, 144, 26, 72];
const BAR_OF_DAY = 0.7;
const [LEAST_BAR, STUB] = [1.5, 1];
const DIGIT = 6.5;
const NARROW = 480;

/** @typedef {{date: string, at_least: number}} Day */

/**
 * Makes the chart of days, oldest first. It is drawn anew at each change of its width.
 * @param {Day[]} days
 */
export function usageChart(days) {
  const readout = el('div', { class: 'chart-readout', hidden: true, 'aria-hidden': 'true' });
  const plot = el('div', { class: 'chart-plot', role: 'slider', tabindex: '0', 'aria-label': 'Uses by day',
    'aria-valuemin': '0', 'aria-valuemax': String(days.length - 1) });
  const chart = new Chart(days, plot, readout);
  const figure = el('figure', { class: 'chart', 'aria-label': 'Uses in the last days' }, plot, table(days));
  new ResizeObserver(() => chart.draw(plot.clientWidth)).observe(plot);
  return figure;
}

/** Returns what a chart shows in one sentence: "At least 12,926 uses · busiest day 17 Nov, 1,204 · days in UTC". */
export function caption(days) {
  const { sum, most, busiest } = totals(days.map((day) => day.at_least));
  if (!sum) return 'Days in UTC';
  return `${atLeast(sum)} · busiest day ${utcDay(days[busiest].date)}, ${numbered(most)} · days in UTC`;
}

/** Returns a sum of uses: "At least 12,926 uses". Each process counts its uses and may lose some. */
export const atLeast = (sum) => `At least ${counted(sum, 'use')}`;

/** A chart in its plot. One day may be chosen, by pointer or by key. */
class Chart {
  #days;
  #plot;
  #readout;
  #chosen = null;
  #scale = { left: 0, step: 0, width: 0, top: 0, height: 0, values: [] };

  constructor(days, plot, readout) {
    [this.#days, this.#plot, this.#readout] = [days, plot, readout];
    plot.addEventListener('pointermove', (event) => this.#point(event));
    plot.addEventListener('pointerdown', (event) => this.#point(event));
    plot.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') this.#leave(); });
    plot.addEventListener('focus', () => this.#choose(this.#chosen ?? days.length - 1));
    plot.addEventListener('blur', () => this.#choose(null));
    plot.addEventListener('keydown', (event) => this.#key(event));
    this.#tell();
  }

  /** Draws the chart for a width in pixels. */
  draw(width) {
    if (!width) return;
    const values = gridlines(Math.max(...this.#days.map((day) => day.at_least)));
    const left = values.length ? Math.ceil(numbered(values.at(-1)).length * DIGIT) + 12 : 0;
    const height = values.length ? PLOT : EMPTY_PLOT;
    this.#scale = { left, step: (width - left) / this.#days.length, width, top: BAND, height, values };
    const box = svg('svg', { width, height: BAND + height + FOOT, 'aria-hidden': 'true' });
    box.append(...this.#grid(), svg('g', { class: 'chart-chosen' }), ...this.#bars(), ...this.#names());
    const words = values.length ? null : el('p', { class: 'chart-empty' }, 'No use in these days');
    this.#plot.replaceChildren(...[box, words, this.#readout].filter(Boolean));
    this.#mark();
  }

  #grid() {
    const { left, width, top, height, values } = this.#scale;
    const line = (y) => svg('line', { x1: left, x2: width, y1: y, y2: y, class: 'chart-line' });
    const label = (value, y) => text(left - 10, y + 4, numbered(value), 'end');
    const ofValue = (value) => top + height - (value / values.at(-1)) * height;
    const zero = values.length ? [label(0, top + height)] : [];
    return [line(top + height + 0.5), ...zero,
      ...values.flatMap((value) => [line(Math.round(ofValue(value)) + 0.5), label(value, ofValue(value))])];
  }

  #bars() {
    const { left, step } = this.#scale;
    return this.#days.map((day, index) => {
      const { y, height } = this.#bar(day);
      return svg('rect', { x: left + step * (index + (1 - BAR_OF_DAY) / 2), y, width: step * BAR_OF_DAY, height,
        rx: day.at_least ? 1.5 : 0, class: day.at_least ? 'used' : 'unused', 'data-day': index });
    });
  }

  #bar(day) {
    const { top, height, values } = this.#scale;
    const tall = day.at_least ? Math.max(LEAST_BAR, (day.at_least / values.at(-1)) * height) : STUB;
    return { y: top + height - tall, height: tall };
  }

  #names() {
    const { width } = this.#scale;
    const dates = this.#days.map((day) => day.date);
    const middle = namedDays(dates, width < NARROW).map((index) => this.#name(index, utcDay(dates[index])));
    return [...middle, text(width, this.#foot(), 'Today', 'end')];
  }

  #name(index, words) {
    // The first name must not leave the plot.
    return text(Math.max(this.#centre(index), this.#scale.left + 18), this.#foot(), words, 'middle');
  }

  #foot = () => this.#scale.top + this.#scale.height + 18;

  #centre = (index) => this.#scale.left + this.#scale.step * (index + 0.5);

  #point(event) {
    const { left, step } = this.#scale;
    const x = event.clientX - this.#plot.getBoundingClientRect().left;
    this.#choose(Math.min(this.#days.length - 1, Math.max(0, Math.floor((x - left) / step))));
  }

  #leave() {
    if (document.activeElement !== this.#plot) this.#choose(null);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.#days.length - 1;
    const now = this.#chosen ?? last;
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#choose(Math.min(last, Math.max(0, next)));
  }

  #choose(index) {
    this.#chosen = index;
    this.#tell();
    this.#mark();
  }

  /** Tells screen readers the chosen day. */
  #tell() {
    const index = this.#chosen ?? this.#days.length - 1;
    this.#plot.setAttribute('aria-valuenow', String(index));
    this.#plot.setAttribute('aria-valuetext', `${nameOf(this.#days[index])}: ${usesOf(this.#days[index])}`);
  }

  /** Marks the chosen day and shows its number in the band above the bars. */
  #mark() {
    const place = this.#plot.querySelector('.chart-chosen');
    if (!place) return;
    this.#plot.querySelector('.is-chosen')?.classList.remove('is-chosen');
    this.#readout.hidden = this.#chosen === null;
    place.replaceChildren();
    if (this.#chosen === null) return;
    const { step, top, height, width } = this.#scale;
    const [day, x] = [this.#days[this.#chosen], this.#centre(this.#chosen)];
    place.append(svg('rect', { x: x - step / 2, y: top, width: step, height, class: 'chart-column' }),
      svg('line', { x1: x, x2: x, y1: BAND - 4, y2: this.#bar(day).y, class: 'chart-pin' }));
    this.#plot.querySelector(`[data-day="${this.#chosen}"]`).classList.add('is-chosen');
    this.#readout.replaceChildren(el('span', {}, nameOf(day)), el('strong', {}, usesOf(day)));
    const half = this.#readout.offsetWidth / 2;
    this.#readout.style.left = `${Math.min(width - half, Math.max(half, x)) - half}px`;
  }
}

const nameOf = (day) => utcDay(day.date, { hasWeekday: true });

const usesOf = (day) => (day.at_least ? `at least ${numbered(day.at_least)}` : 'no use');

function text(x, y, words, anchor) {
  const node = svg('text', { x, y, 'text-anchor': anchor, class: 'chart-label' });
  node.textContent = words;
  return node;
}

/** Makes the numbers of the chart for screen readers. */
function table(days) {
  const rows = days.map((day) => el('tr', {}, el('th', { scope: 'row' }, nameOf(day)), el('td', {}, usesOf(day))));
  const head = el('tr', {}, el('th', { scope: 'col' }, 'Day in UTC'), el('th', { scope: 'col' }, 'Uses'));
  return el('div', { class: 'visually-hidden' },
    el('table', {}, el('caption', {}, 'Uses by day'), el('thead', {}, head), el('tbody', {}, ...rows)));
}
