/** The dialog that creates a token: first the form, then the token, which is shown once. */

import { call, limits, scopes } from './api.js';
import { showCreated } from './created.js';
import { onSubmit, openDialog } from './dialogs.js';
import { el } from './dom.js';
import { areShortEnough, showError, watchLength } from './fields.js';
import { DAY, dateOf } from './times.js';
import { counted } from './words.js';

const LOST = 'An earlier attempt created a token, but its response was lost. '
  + 'Revoke that token in the list if you do not need it.';
const CREATED_BEFORE = ['already_created', 'idempotency_key_reused'];

/** Opens the dialog. `list` shows the new token when it is created. */
export function openCreateDialog(list) {
  const refocus = () => document.getElementById('open-create').focus();
  const dialog = openDialog('create-dialog', { refocus });
  const form = dialog.querySelector('form');
  const texts = [...form.querySelectorAll('[data-limit]')];
  texts.forEach(watchLength);
  fillScopes(form);
  limitLifetimes(form);
  watchExpiry(form);
  // One key per opening: one token is created, however often the form is sent.
  let key = crypto.randomUUID();

  const send = async () => {
    if (!check(form, texts)) return false;
    const { data } = await call('POST', '/v1/tokens', { body: bodyOf(form), headers: { 'Idempotency-Key': key } });
    showCreated(dialog, data);
    list.reload({ quietly: true });
    return false;
  };
  const explain = (problem) => {
    if (!CREATED_BEFORE.includes(problem.code)) return problem.message;
    // The token of the lost response is in the list. A new key lets the form create another token.
    key = crypto.randomUUID();
    list.reload({ quietly: true });
    return problem.code === 'already_created' ? problem.message : LOST;
  };
  onSubmit(dialog, send, explain);
}

function fillScopes(form) {
  const choices = Object.entries(scopes).map(([name, { description, default: isDefault }], index) => {
    const hint = `scope-hint-${index}`;
    const attributes = { type: 'checkbox', name: 'scope', value: name, checked: isDefault, 'aria-describedby': hint };
    const text = el('span', {}, el('code', {}, name), el('span', { class: 'hint', id: hint }, description));
    return el('label', { class: 'choice' }, el('input', attributes), text);
  });
  form.querySelector('[data-scopes]').append(...choices);
  form.addEventListener('change', (event) => {
    if (event.target.name === 'scope') showError(form.querySelector('#new-scopes-error'), !scopesOf(form).length);
  });
}

/** Leaves only the lifetimes that the server allows. */
function limitLifetimes(form) {
  const { expiry, days } = form.elements;
  const { lifetime_days: longest, must_expire: mustExpire } = limits;
  const [never, ...others] = expiry.options;
  if (mustExpire) {
    never.value = longest;
    never.textContent = `In ${counted(longest, 'day')}, the longest lifetime`;
  }
  for (const option of others) {
    if (Number(option.value) > longest || (mustExpire && Number(option.value) === longest)) option.remove();
  }
  days.max = longest;
  form.querySelector('#new-days-error').textContent = `Enter a whole number of days from 1 to ${longest}.`;
}

function watchExpiry(form) {
  const { expiry, days } = form.elements;
  const hint = form.querySelector('[data-expiry-hint]');
  const update = () => {
    const count = lifetime(form);
    hint.textContent = isLifetime(count) ? `The token will expire on ${dateOf(Date.now() + count * DAY)}.` : '';
  };
  expiry.addEventListener('change', () => {
    form.querySelector('[data-custom]').hidden = expiry.value !== 'custom';
    showError(form.querySelector('#new-days-error'), false, days);
    if (expiry.value === 'custom') days.focus();
    update();
  });
  days.addEventListener('input', () => {
    if (isLifetime(lifetime(form))) showError(form.querySelector('#new-days-error'), false, days);
    update();
  });
  update();
}

/** Shows what is wrong and puts the focus there. The server checks everything again. */
function check(form, texts) {
  const { days } = form.elements;
  const lacksScope = !scopesOf(form).length;
  const lacksDays = lifetime(form) !== null && !isLifetime(lifetime(form));
  showError(form.querySelector('#new-scopes-error'), lacksScope);
  showError(form.querySelector('#new-days-error'), lacksDays, days);
  if (!areShortEnough(texts)) return false;
  if (lacksScope) form.querySelector('[name=scope]').focus();
  else if (lacksDays) days.focus();
  return !lacksScope && !lacksDays;
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
  return expiry.value === 'custom' ? days.valueAsNumber : Number(expiry.value);
}

const isLifetime = (days) => Number.isInteger(days) && days >= 1 && days <= limits.lifetime_days;
