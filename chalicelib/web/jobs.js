/** Jobs that revoke or pause many tokens: starting one, counting with one, and the strip that shows one. */

import { go } from './address.js';
import { call } from './api.js';
import { tellStale } from './changes.js';
import { button, el } from './dom.js';
import { icon } from './icons.js';
import { actionOf, endWords, progressWords } from './job-words.js';
import { announce } from './notices.js';
import { fitting, isJob } from './shapes.js';
import { SECOND, everywhere } from './times.js';

const PATH = '/v1/admin/revocations';
// A job that does not end at once goes on every five minutes.
const OFTEN = 2 * SECOND;
const SELDOM = 20 * SECOND;
const MOST_OFTEN = 10;

/** Returns whether a job has work left. */
export const isRunning = ({ status }) => status === 'running';

/**
 * Returns a function that starts a job. If a body is sent again, for example because the response was lost, the
 * server returns the job that it started the first time.
 */
export function jobStarter() {
  const keys = new Map();
  return async (body) => {
    const text = JSON.stringify(body);
    if (!keys.has(text)) keys.set(text, crypto.randomUUID());
    const { data } = await call('POST', PATH, { body, headers: { 'Idempotency-Key': keys.get(text) } })
      .then(fitting(isJob));
    return data;
  };
}

/** Waits until a job has ended. Calls `tell(job)` after each look. It ends early if `isWanted()` is false. */
export async function ended(job, tell, isWanted) {
  let now = job;
  for (let looks = 0; isRunning(now) && isWanted(); looks += 1) {
    tell(now);
    await new Promise((resolve) => { setTimeout(resolve, looks < MOST_OFTEN ? OFTEN : SELDOM); });
    if (isWanted()) now = await read(now.id);
  }
  return now;
}

/** Shows the job of an address above the list, also after a reload, until it is dismissed. */
export class JobStrip {
  element = el('div', { hidden: true });
  #id = null;
  #expected = null;

  /** Shows a job by its id. null hides the strip. `expected` is the number of tokens that was counted before. */
  async show(id, expected = null) {
    if (expected) this.#expected = expected;
    if (id === this.#id) return;
    this.#id = id;
    this.element.hidden = true;
    if (id) await this.#watch(id);
  }

  async #watch(id) {
    const isWanted = () => this.#id === id;
    try {
      const last = await ended(await read(id), (job) => isWanted() && this.#say(job), isWanted);
      if (!isWanted()) return;
      this.#say(last);
      announce(endWords(last));
      tellStale();
    } catch (problem) {
      if (isWanted()) this.#fail(problem, id);
    }
  }

  #say(job) {
    const { counts, progress } = job;
    const total = progress.total ?? this.#expected;
    if (!isRunning(job)) {
      const isWrong = job.status === 'stopped' || counts.failed > 0;
      const words = endWords(job) + (counts.tokens ? everywhere() : '');
      this.#draw(isWrong ? 'triangle-alert' : 'circle-check', [words], isWrong ? 'warn' : '', this.#dismiss());
      return;
    }
    const bar = el('progress', { 'aria-label': actionOf(job).doing, max: total, value: total && progress.done });
    const words = [progressWords(job, this.#expected), ' It goes on without this page.'];
    this.#draw('hourglass', [...words, bar], '', null);
  }

  #fail(problem, id) {
    if (problem.status === 404) {
      this.#draw('circle-alert', ['This job is not kept any more.'], '', this.#dismiss());
      return;
    }
    announce(`${problem.message} The job goes on.`);
    const again = button('Try again', () => { this.#id = null; this.show(id); }, { kind: 'small' });
    this.#draw(problem.status ? 'circle-alert' : 'wifi-off', [problem.message, ' The job goes on.'], '', again);
  }

  #draw(picture, words, tone, action) {
    this.element.hidden = false;
    this.element.replaceChildren(
      el('div', { class: `note job ${tone}`.trim() }, icon(picture), el('p', {}, ...words), action));
  }

  #dismiss() {
    const run = () => { this.#expected = null; go({ job: null }, { replace: true }); };
    return el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss', onclick: run }, icon('x'));
  }
}

async function read(id) {
  const { data } = await call('GET', `${PATH}/${encodeURIComponent(id)}`).then(fitting(isJob));
  return data;
}
