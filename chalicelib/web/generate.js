/** The dialog that generates a token: first the form, then the token, which is shown once. */

import { call, limits, scopes } from './api.js';
import { tellStale } from './changes.js';
import { checkCreated, showCreated } from './created.js';
import { closeButton, onSubmit, openDialog, sendButton } from './dialogs.js';
import { el } from './dom.js';
import { areFit, errorText, showError, textField } from './fields.js';
import { goTo } from './address.js';
import { NetworksField } from './networks-field.js';
import { DAY, written } from './times.js';
import { accessWords, idleTimeout } from './token-state.js';
import { counted } from './words.js';

const LOST = 'An earlier attempt generated a token, but its response was lost. '
  + 'Revoke that token in the list if you do not need it.';
const CREATED_BEFORE = ['already_created', 'idempotency_key_reused'];
const LIFETIMES = [7, 30, 90, 365];
const USUAL_DAYS = 90;
const CUSTOM = 'custom';

/** Opens the dialog. */
export function openGenerate() {
  const networks = new NetworksField();
  const name = textField({ label: 'Name', name: 'name', limit: 'name_length', placeholder: 'My laptop' });
  const description = textField({ label: 'Description', name: 'description', limit: 'description_length',
    isOptional: true });
  const texts = [name, description];
  const outcome = el('span', { 'aria-live': 'polite' });
  const quota = el('span', {}, 'A token acts in your name. Keep it as safe as a password.');
  const dialog = openDialog({
    title: 'Generate new token',
    lede: quota,
    size: 'generate',
    hasClose: true,
    body: [el('div', { class: 'field-pair' }, name, description), scopeChoice(), expiryChoice(), networks.element],
    aside: outcome,
    actions: [closeButton(), sendButton('Generate')],
  });
  const form = dialog.querySelector('form');
  const update = () => {
    showExpiry(form);
    outcome.textContent = outcomeOf(form, networks.value);
  };
  networks.onchange = update;
  form.addEventListener('change', update);
  form.addEventListener('input', update);
  update();
  name.querySelector('input').focus();
  sayQuota(dialog, quota);
  send(dialog, form, texts, networks);
}

function send(dialog, form, texts, networks) {
  // One key per opening: one token is created, however often the form is sent.
  let key = crypto.randomUUID();
  const post = async () => {
    if (!check(form, texts, networks)) return false;
    const body = { ...bodyOf(form), allowed_networks: networks.value };
    const { data } = await call('POST', '/v1/tokens', { body, headers: { 'Idempotency-Key': key } });
    checkCreated(data);
    dialog.close();
    showCreated(data, outcomeOf(form, networks.value));
    tellStale();
    return false;
  };
  const explain = (problem) => {
    if (problem.code === 'token_limit_reached') sayQuota(dialog);
    if (!CREATED_BEFORE.includes(problem.code)) return problem.message;
    // The token of the lost response is in the list. A new key lets the form create another token.
    key = crypto.randomUUID();
    tellStale();
    return problem.code === 'already_created' ? problem.message : LOST;
  };
  onSubmit(dialog, post, { explain, words: 'Generating…' });
}

/** Says how many tokens the user has. If none is left, another dialog says so before anything is typed. */
async function sayQuota(dialog, place = null) {
  const summary = await call('GET', '/v1/tokens/summary').catch(() => null);
  if (!summary || !dialog.isConnected) return;
  const { live, limit, not_ended: all, used_in_30_days: used } = summary.data;
  if (place) place.textContent = `You have ${live} of ${counted(limit, 'token')}.`;
  const hasTyped = [...dialog.querySelectorAll('input:not([type])')].some((input) => input.value);
  if (live < limit || hasTyped) return;
  dialog.close();
  openQuota(limit, all - used);
}

function openQuota(limit, unused) {
  const show = () => {
    dialog.close();
    goTo({ show: 'unused' });
  };
  const hint = unused ? ` ${unused} of yours ${unused === 1 ? 'was' : 'were'} not used for 30 days.` : '';
  const actions = [closeButton('Close', { kind: unused ? '' : 'primary' })];
  if (unused) actions.push(sendButton(unused === 1 ? 'Show it' : `Show the ${unused}`));
  const dialog = openDialog({
    title: `You have ${limit} of ${counted(limit, 'token')}`,
    lede: `Revoke one that you no longer need, then generate this one.${hint}`,
    actions,
  });
  dialog.querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    show();
  });
}

function scopeChoice() {
  const options = Object.entries(scopes).map(([name, scope], index) => {
    const id = `scope-${index}`;
    const includes = (scope.includes ?? []).map((each) => scopes[each]?.title ?? each);
    const help = sentence(scope.description) + (includes.length ? ` Includes ${includes.join(', ')}.` : '');
    const box = { type: 'checkbox', class: 'tick', name: 'scope', value: name, checked: scope.is_lowest,
      'aria-describedby': id };
    return el('label', { class: 'option' }, el('input', box),
      el('span', {}, el('span', { class: 'label' }, scope.title ?? name), ' ', el('code', {}, name)),
      el('span', { class: 'second', id }, help));
  });
  return el('fieldset', { class: 'field', 'aria-describedby': 'scopes-error' }, el('legend', {}, 'What it may do'),
    el('div', { class: 'options' }, ...options),
    errorText('scopes-error', 'Choose what it may do.'));
}

/** Returns a text with a full stop. Operators write descriptions with and without one. */
const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

function expiryChoice() {
  const longest = limits.lifetime_days;
  const days = [...new Set([...LIFETIMES, ...(limits.must_expire ? [longest] : [])])]
    .filter((each) => each <= longest).sort((a, b) => a - b);
  const chosen = limits.must_expire ? String(Math.min(longest, USUAL_DAYS)) : '';
  const options = [...(limits.must_expire ? [] : [['', 'No expiry']]),
    ...days.map((each) => [String(each), counted(each, 'day')]), [CUSTOM, 'Custom']];
  const segments = options.map(([value, words]) => el('label', {},
    el('input', { type: 'radio', name: 'expiry', value, checked: value === chosen }), words));
  const custom = el('label', { class: 'with-icon', 'data-custom': '', hidden: true },
    el('input', { class: 'input', type: 'number', name: 'days', inputmode: 'numeric', min: 1, max: longest, step: 1,
      'aria-label': 'Number of days', 'aria-describedby': 'days-error' }), 'days');
  return el('fieldset', { class: 'field' }, el('legend', {}, 'Expires after'),
    el('div', { class: 'segments' }, ...segments), custom,
    errorText('days-error', daysWords()),
    el('p', { class: 'help', 'data-expiry-help': '', 'aria-live': 'polite' }));
}

function showExpiry(form) {
  const days = lifetime(form);
  const custom = form.querySelector('[data-custom]');
  const isCustom = form.elements.expiry.value === CUSTOM;
  if (isCustom && custom.hidden) {
    custom.hidden = false;
    form.elements.days.focus();
  }
  custom.hidden = !isCustom;
  if (days === null || isLifetime(days)) showError(form.querySelector('#days-error'), false, form.elements.days);
  const isWrong = !form.querySelector('#days-error').hidden;
  form.querySelector('[data-expiry-help]').textContent = isWrong ? '' : expiryWords(days);
}

const daysWords = () => `From 1 to ${counted(limits.lifetime_days, 'day')}.`;

function expiryWords(days) {
  const idle = idleTimeout();
  if (days === null) return `Unused for ${idle}, it goes idle.`;
  if (!isLifetime(days)) return daysWords();
  const longest = limits.must_expire ? ` ${counted(limits.lifetime_days, 'day')} is the longest here.` : '';
  const isIdleFirst = days > limits.idle_days ? ` Unused for ${idle}, it goes idle before that.` : '';
  return `Until ${dateAfter(days)}.${longest}${isIdleFirst}`;
}

/** Returns what the form would make, in words: "Read only, from 1 network, until 27 Feb 2027". */
function outcomeOf(form, networks) {
  const days = lifetime(form);
  const from = networks.length ? `from ${counted(networks.length, 'network')}` : 'from anywhere';
  const end = days === null ? 'without expiry' : isLifetime(days) && `until ${dateAfter(days)}`;
  return [accessWords(scopesOf(form)), from, end].filter(Boolean).join(', ');
}

/** Shows what is wrong and puts the focus there. The server checks everything again. */
function check(form, texts, networks) {
  const { days } = form.elements;
  const [lacksScope, count] = [!scopesOf(form).length, lifetime(form)];
  const lacksDays = count !== null && !isLifetime(count);
  showError(form.querySelector('#scopes-error'), lacksScope);
  showError(form.querySelector('#days-error'), lacksDays, days);
  showExpiry(form);
  if (!areFit(texts)) return false;
  if (lacksScope) form.querySelector('[name=scope]').focus();
  else if (lacksDays) days.focus();
  else return networks.check();
  return false;
}

function bodyOf(form) {
  const { name, description } = form.elements;
  const body = { name: name.value, description: description.value, scopes: scopesOf(form) };
  const days = lifetime(form);
  return days === null ? body : { ...body, expires_in_days: days };
}

const scopesOf = (form) => [...form.querySelectorAll('[name=scope]:checked')].map((box) => box.value);

/** Returns the chosen days, null for a token that never expires, or NaN if no number was entered. */
function lifetime(form) {
  const { expiry, days } = form.elements;
  if (!expiry.value) return null;
  return expiry.value === CUSTOM ? days.valueAsNumber : Number(expiry.value);
}

const dateAfter = (days) => written(Date.now() + days * DAY, 'date');

const isLifetime = (days) => Number.isInteger(days) && days >= 1 && days <= limits.lifetime_days;
