/** The dialog that makes a token: the form first, then the token, once. */

import { call, scopes } from './api.js';
import { showCreated } from './created.js';
import { onSubmit, openDialog } from './dialogs.js';
import { el } from './dom.js';
import { DAY, dateOf } from './times.js';

const MOST_DAYS = 3650;
const LOST = 'An earlier attempt from this form made a token although its answer never arrived. '
  + 'Revoke it in the list if you do not need it.';
const MADE_ALREADY = ['already_created', 'idempotency_key_reused'];

/** Opens the dialog; `list` shows the new token when it is made. */
export function openGenerateDialog(list) {
  const refocus = () => document.getElementById('generate-new-token').focus();
  const dialog = openDialog('generate-dialog', { refocus });
  const form = dialog.querySelector('form');
  fillScopes(form);
  watchExpiry(form);
  // One key per opening: however often it is sent, one token is made.
  let key = crypto.randomUUID();

  const send = async () => {
    if (!check(form)) return false;
    const { data } = await call('POST', '/v1/tokens', { body: asked(form), headers: { 'Idempotency-Key': key } });
    showCreated(dialog, data);
    list.reload({ quietly: true });
    return false;
  };
  const explain = (problem) => {
    if (!MADE_ALREADY.includes(problem.code)) return problem.message;
    // An answer that got lost had made the token: it is in the list, and the next one is another.
    key = crypto.randomUUID();
    list.reload({ quietly: true });
    return problem.code === 'already_created' ? problem.message : LOST;
  };
  onSubmit(dialog, send, explain);
}

function fillScopes(form) {
  const choices = Object.entries(scopes).map(([name, { description, default: usual }], index) => {
    const hint = `scope-hint-${index}`;
    const box = el('input', { type: 'checkbox', name: 'scope', value: name, checked: usual, 'aria-describedby': hint });
    const text = el('span', {}, el('code', {}, name), el('span', { class: 'hint', id: hint }, description));
    return el('label', { class: 'choice' }, box, text);
  });
  form.querySelector('[data-scopes]').append(...choices);
  form.addEventListener('change', (event) => {
    if (event.target.name === 'scope') showError(form.querySelector('#new-scopes-error'), !scopesOf(form).length);
  });
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
}

/** Says what is missing and puts the focus there; the server checks everything again. */
function check(form) {
  const { days } = form.elements;
  const lacksScope = !scopesOf(form).length;
  const lacksDays = lifetime(form) !== null && !isLifetime(lifetime(form));
  showError(form.querySelector('#new-scopes-error'), lacksScope);
  showError(form.querySelector('#new-days-error'), lacksDays, days);
  if (lacksScope) form.querySelector('[name=scope]').focus();
  else if (lacksDays) days.focus();
  return !lacksScope && !lacksDays;
}

function asked(form) {
  const { name, description } = form.elements;
  const body = { name: name.value, description: description.value, scopes: scopesOf(form) };
  const days = lifetime(form);
  return days === null ? body : { ...body, expires_in_days: days };
}

const scopesOf = (form) => [...form.querySelectorAll('[name=scope]:checked')].map((box) => box.value);

/** Returns the days chosen; null for never, NaN for a number that is none. */
function lifetime(form) {
  const { expiry, days } = form.elements;
  if (!expiry.value) return null;
  return expiry.value === 'custom' ? days.valueAsNumber : Number(expiry.value);
}

const isLifetime = (days) => Number.isInteger(days) && days >= 1 && days <= MOST_DAYS;

function showError(text, isWrong, input = null) {
  text.hidden = !isWrong;
  if (isWrong) input?.setAttribute('aria-invalid', 'true');
  else input?.removeAttribute('aria-invalid');
}
