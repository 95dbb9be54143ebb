/** The question before many tokens are revoked or paused. It counts them first, and the count must be young. */

import { closeButton, onSubmit, openDialog, sendButton } from './dialogs.js';
import { bdi, button, el } from './dom.js';
import { showProblem } from './notices.js';
import { ended, isRunning, jobStarter } from './jobs.js';
import { MOST_SHOWN, actionOf, ageWords, progressWords } from './job-words.js';
import { isEnded, nameOf, stateOf } from './token-state.js';
import { SECOND, cacheBound } from './times.js';
import { counted, numbered } from './words.js';

const OLDEST_SECONDS = 60;
const DAYS_30 = 30 * 24 * 60 * 60 * SECOND;

/**
 * @typedef {object} Target
 * @property {any[] | null} tokens the chosen tokens, or null for all that the filter finds
 * @property {object | null} filter the filter of the job
 * @property {string} words the filter in words, or ""
 */

const isAway = (token) => ['paused', 'idle', 'stopped'].includes(stateOf(token));

/** Returns whether a token can be revoked, or paused. */
const canEnd = {
  revoke: (token) => !isEnded(token),
  pause: (token) => !isEnded(token) && !isAway(token),
};

/**
 * Asks, and starts the job.
 * @param {'revoke' | 'pause'} action
 * @param {Target} target
 * @param {{started: (job: any, count: number) => void, refocus: () => void}} after `started` is called with the job
 * and the number of its tokens
 */
export function askBulk(action, target, after) {
  const live = target.tokens?.filter(canEnd[action]);
  if (live && live.length <= MOST_SHOWN) askByName(action, live, target.tokens.length - live.length, after);
  else new CountedQuestion(action, target, after);
}

function askByName(action, tokens, left, { started, refocus }) {
  const { verb, done } = actionOf({ action });
  const word = tokens.length === 1 ? 'token' : `${tokens.length} tokens`;
  const names = el('ul', { class: 'bulk-names' }, ...tokens.map(nameLine));
  const reason = action === 'revoke' ? reasonField() : null;
  const dialog = openDialog({
    title: tokens.length ? `${verb} ${counted(tokens.length, 'token')}?` : `Nothing to ${verb.toLowerCase()}`,
    lede: tokens.length ? sentence(action) + othersWords(left, done) : `None of these tokens can be ${done}.`,
    body: tokens.length ? [names, reason] : [],
    actions: tokens.length ? [closeButton('Cancel', { autofocus: true }), sendButton(`${verb} ${word}`, kind(action))]
      : [closeButton('Close', { autofocus: true })],
    refocus,
  });
  const start = jobStarter();
  const body = { token_ids: tokens.map(({ id }) => id) };
  onSubmit(dialog, async (form) => started(await start({ ...body, ...members(action, form) }), tokens.length),
    { words: `${actionOf({ action }).doing}…` });
}

const nameLine = (token) => el('li', {}, bdi(nameOf(token), { class: 'clamp' }),
  bdi(token.owner.name || 'Removed user', { class: 'second clamp' }));

const kind = (action) => (action === 'revoke' ? 'danger' : 'primary');

/** Returns the members of a job's body. A pause has no reason that its owner sees. */
function members(action, form) {
  if (action === 'pause') return { action, reason: 'admin' };
  return { reason: String(new FormData(form).get('reason')) };
}

function sentence(action, which = 'They') {
  const bound = cacheBound();
  const when = bound ? `, everywhere within ${bound}` : '';
  return action === 'revoke' ? `${which} stop working for good${when}.`
    : `${which} stop working${when}. Their owners can re-activate them.`;
}

/** Returns a sentence to append about chosen tokens that the action leaves out, or "". */
const othersWords = (left, done) =>
  (left ? ` ${left === 1 ? 'One other' : counted(left, 'other')} cannot be ${done}.` : '');

function reasonField() {
  const option = (value, word, isChosen) => el('label', {},
    el('input', { type: 'radio', name: 'reason', value, checked: isChosen }), word);
  return el('fieldset', { class: 'field' },
    el('legend', {}, 'Reason ', el('span', { class: 'optional' }, 'owners see it')),
    el('div', { class: 'segments' }, option('admin', 'By an administrator', true), option('exposed', 'They leaked')));
}

/** A question about more tokens than can be named. */
class CountedQuestion {
  #action;
  #target;
  #words;
  #start = jobStarter();
  #countTokens = jobStarter();
  #hasFailed = false;
  #count = null;
  #countedAt = 0;
  #rounds = 0;
  #dialog;
  #facts = el('div', { class: 'facts', role: 'status' });
  #others = el('span', {});
  #reason;
  #typed = el('input', { class: 'input', id: 'bulk-typed', autocomplete: 'off', inputmode: 'numeric' });
  #field = el('div', { class: 'field bulk-typed', hidden: true });
  #age = el('span', {});
  #again = button('Count again', () => this.#recount(), { hidden: true });
  #submit;

  constructor(action, target, { started, refocus }) {
    [this.#action, this.#target, this.#words] = [action, target, actionOf({ action })];
    this.#reason = action === 'revoke' ? reasonField() : null;
    this.#reason?.toggleAttribute('hidden', true);
    this.#submit = sendButton(`${this.#words.verb} tokens`, kind(action), { disabled: true });
    const cancel = closeButton('Cancel', { autofocus: true });
    this.#dialog = openDialog({
      title: `${this.#words.verb} ${target.tokens ? counted(target.tokens.length, 'token') : 'tokens'}?`,
      lede: el('span', {}, sentence(action, this.#which()), this.#others),
      body: [this.#facts, this.#reason, this.#field],
      aside: this.#age,
      actions: [cancel, this.#again, this.#submit],
      refocus,
    });
    this.#typed.addEventListener('input', () => this.#settle());
    const timer = setInterval(() => this.#settle(), SECOND);
    this.#dialog.addEventListener('close', () => clearInterval(timer));
    onSubmit(this.#dialog, (form) => this.#send(form, started), { words: `${this.#words.doing}…` });
    this.#recount();
  }

  /** Returns the tokens as the subject of a sentence. */
  #which() {
    const { tokens, words } = this.#target;
    if (tokens) return 'They';
    return words ? `All tokens that match “${words}”` : 'All tokens of all users';
  }

  /** Returns what the job is about. */
  #body() {
    const { tokens, filter } = this.#target;
    return tokens ? { token_ids: tokens.map(({ id }) => id) } : { filter };
  }

  async #recount() {
    this.#rounds += 1;
    const round = this.#rounds;
    const isWanted = () => this.#dialog.open && this.#rounds === round;
    this.#count = null;
    this.#facts.replaceChildren(el('p', { class: 'with-icon' }, el('span', { class: 'spinner' }), 'Counting…'));
    this.#settle();
    const tell = (job) => this.#facts.lastElementChild.replaceChildren(el('span', { class: 'spinner' }),
      progressWords(job));
    // A new count needs a new key, but a request that is repeated after a lost response keeps its own.
    if (!this.#hasFailed) this.#countTokens = jobStarter();
    showProblem(this.#dialog.querySelector('.problem'), null);
    try {
      const first = await this.#countTokens({ ...this.#body(), ...this.#plain(), dry_run: true });
      const job = await ended(first, tell, isWanted);
      if (isWanted() && !isRunning(job)) this.#counted(job);
    } catch (problem) {
      if (!isWanted()) return;
      this.#hasFailed = true;
      this.#facts.replaceChildren();
      showProblem(this.#dialog.querySelector('.problem'), problem.message);
      this.#settle();
    }
  }

  #plain() {
    return this.#action === 'pause' ? { action: 'pause', reason: 'admin' } : { reason: 'admin' };
  }

  #counted({ counts }) {
    [this.#count, this.#countedAt, this.#hasFailed] = [counts, Date.now(), false];
    const { verb } = this.#words;
    const number = numbered(counts.tokens);
    const used = this.#used();
    const title = counts.tokens ? `${verb} ${counted(counts.tokens, 'token')}?` : `Nothing to ${verb.toLowerCase()}`;
    this.#dialog.querySelector('h2').textContent = title;
    this.#others.textContent = othersWords(this.#left(counts.tokens), this.#words.done);
    this.#facts.replaceChildren(fact('Tokens', number), fact('People', numbered(counts.people)),
      ...(used === null ? [] : [fact('Used in 30 days', numbered(used), used > 0)]));
    this.#submit.querySelector('[data-label]').textContent = `${verb} ${counted(counts.tokens, 'token')}`;
    const asks = this.#action === 'revoke' && counts.tokens > 0;
    this.#reason?.toggleAttribute('hidden', !asks);
    this.#field.toggleAttribute('hidden', !asks);
    if (asks) {
      this.#field.replaceChildren(el('label', { class: 'label', for: this.#typed.id }, `Type ${number} to confirm`),
        this.#typed);
    }
    this.#settle();
  }

  /** Returns how many of the chosen tokens are left out, or 0 if the filter chose them. */
  #left(count) {
    const { tokens } = this.#target;
    return tokens ? Math.max(0, tokens.length - count) : 0;
  }

  /** Returns how many of the chosen tokens were used lately, or null if not all of them are known here. */
  #used() {
    const { tokens } = this.#target;
    const isLate = ({ last_used_at: at }) => at && Date.now() - Date.parse(at) < DAYS_30;
    return tokens ? tokens.filter(canEnd[this.#action]).filter(isLate).length : null;
  }

  /** Brings the footer up to date: the age of the count, and whether the job may begin. */
  #settle() {
    if (this.#submit.getAttribute('aria-busy') === 'true') return;
    const seconds = Math.floor((Date.now() - this.#countedAt) / SECOND);
    const isOld = Boolean(this.#count) && seconds > OLDEST_SECONDS;
    this.#age.textContent = this.#count ? ageWords(seconds) : '';
    this.#again.toggleAttribute('hidden', !isOld && !this.#hasFailed);
    this.#submit.toggleAttribute('hidden', isOld || this.#hasFailed);
    this.#submit.disabled = isOld || !this.#count?.tokens || !this.#isTyped();
  }

  #isTyped() {
    return this.#action === 'pause' || this.#typed.value.replace(/[\s,.]/g, '') === String(this.#count.tokens);
  }

  async #send(form, started) {
    const body = { ...this.#body(), ...members(this.#action, form) };
    await started(await this.#start(body), this.#count.tokens);
  }
}

function fact(word, number, isWarning = false) {
  return el('div', {}, el('span', { class: 'second' }, word),
    el('strong', { class: isWarning ? 'warn' : null }, number));
}
