/** What an administrator can do with a user: deactivate, re-activate, revoke all tokens, remove. */

import { goTo, hrefOf } from './address.js';
import { call, limits, me } from './api.js';
import { tellStale } from './changes.js';
import { choicesFor, consequence, itsTokens, mayHaveTokens, questionFor, revokedTokens } from './counts.js';
import { closeButton, confirmDialog, onSubmit, openDialog, sendButton } from './dialogs.js';
import { bdi, el } from './dom.js';
import { announce, toast } from './notices.js';
import { userName } from './people.js';
import { fitting, isCount, isCounts, isUser } from './shapes.js';
import { trimmed } from './text.js';
import { cacheBound, everywhere } from './times.js';
import { counted } from './words.js';

/** Returns the path of a user in the API. */
const userPath = (id) => `/v1/users/${encodeURIComponent(id)}`;

/**
 * Returns the items of the menu of a user. `rows` has `show(user)`, for a user who
 * has changed, and `focus(id)`.
 * @returns {(import('./menu.js').Item | null)[]}
 */
export function userItems(user, rows) {
  // The server refuses these on the administrator's own account, which they would lock.
  const own = user.id === me.id ? 'Not on your own account' : undefined;
  const gone = user.status === 'removed' ? 'This account is removed' : undefined;
  const ask = (open) => async () => {
    announce('Counting tokens…');
    open(user, rows, await summaryOf(user));
  };
  const back = user.status === 'inactive'
    ? { label: 'Re-activate…', icon: 'user-check', opensDialog: true, run: ask(askReactivate) }
    : { label: 'Deactivate…', icon: 'user-x', opensDialog: true, run: ask(askDeactivate), reason: own ?? gone };
  return [
    { label: 'Open tokens', icon: 'key-round', href: hrefOf({ view: 'all', user: user.id }), isLocal: true },
    { label: 'Activity', icon: 'activity', href: hrefOf({ view: 'activity', user: user.id }), isLocal: true },
    null, back,
    { label: 'Revoke all tokens…', icon: 'ban', isDanger: !gone, opensDialog: true, run: ask(askRevokeAll),
      reason: gone },
    { label: 'Remove…', icon: 'trash', isDanger: !(own ?? gone), opensDialog: true, run: ask(askRemove),
      reason: own ?? gone },
  ];
}

/** Shows the tokens of a user. */
export const openTokensOf = (user) => goTo({ view: 'all', user: user.id });

/** Reads the counts of a user's tokens. Returns null if that fails, because no change needs them. */
const summaryOf = (user) => read(`${userPath(user.id)}/tokens/summary`, isCounts);

const read = (path, isFit) => call('GET', path).then(fitting(isFit)).then(({ data }) => data, () => null);

async function change(user, rows, body, words, more) {
  const { data } = await send(user, rows, 'PATCH', userPath(user.id), { body }).then(fitting(isUser));
  rows.show(data);
  toast(el('span', {}, bdi(userName(user)), ` is ${words}.${more(data)}`));
}

/** Sends a change. If it fails because the user has changed meanwhile, the row shows the user as it is now. */
async function send(user, rows, method, path, options = {}) {
  try {
    return await call(method, path, options);
  } catch (problem) {
    if ([404, 409].includes(problem.status)) await showAgain(user, rows);
    throw problem;
  }
}

const titleOf = (verb, user) => el('span', {}, `${verb} `, bdi(userName(user)), '?');

function askDeactivate(user, rows, summary) {
  const bound = cacheBound();
  confirmDialog({
    title: titleOf('Deactivate', user),
    text: `The user is signed out, and cannot sign in until you re-activate the account. `
      + consequence(summary, bound ? `refused everywhere within ${bound}` : 'refused at once'),
    confirm: 'Deactivate user',
    busy: 'Deactivating…',
    refocus: () => rows.focus(user.id),
    act: () => change(user, rows, { status: 'inactive' }, 'deactivated', everywhere),
  });
}

function askRevokeAll(user, rows, summary) {
  const refocus = () => rows.focus(user.id);
  if (!mayHaveTokens(summary)) {
    openDialog({ title: 'Nothing to revoke', lede: el('span', {}, bdi(userName(user)), ' has no tokens left.'),
      actions: [closeButton('Close', { autofocus: true })], refocus });
    return;
  }
  const bound = cacheBound();
  confirmDialog({
    title: el('span', {}, 'Revoke all tokens of ', bdi(userName(user)), '?'),
    text: `${consequence(summary, bound ? `revoked for good, everywhere within ${bound}` : 'revoked for good')} `
      + 'This cannot be undone. The user can still sign in and generate new tokens.',
    confirm: 'Revoke all tokens',
    refocus,
    busy: 'Revoking…',
    act: async () => {
      await send(user, rows, 'DELETE', `${userPath(user.id)}/tokens`);
      toast(el('span', {}, 'All tokens of ', bdi(userName(user)), ` are revoked.${everywhere()}`));
      await showAgain(user, rows);
    },
  });
}

function askReactivate(user, rows, summary) {
  const hasTokens = mayHaveTokens(summary);
  const choices = hasTokens ? choiceFields(choicesFor(summary)) : null;
  const lede = el('span', {}, bdi(userName(user)), ' can sign in and generate tokens again. ',
    hasTokens ? questionFor(summary) : '');
  const submit = sendButton('Re-activate', 'primary', { disabled: hasTokens });
  const dialog = openDialog({
    title: titleOf('Re-activate', user), lede, size: 'choice', body: [choices],
    actions: [closeButton('Cancel', { autofocus: true }), submit], refocus: () => rows.focus(user.id),
  });
  choices?.addEventListener('change', (event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    submit.querySelector('[data-label]').textContent = choicesFor(summary)[value].confirm;
    submit.classList.toggle('danger', value === 'revoke');
    submit.classList.toggle('primary', value !== 'revoke');
    submit.toggleAttribute('disabled', false);
  });
  onSubmit(dialog, (form) => {
    const choice = new FormData(form).get('choice');
    const body = { status: 'active', ...(choice && { restore_tokens: choice === 'restore' }) };
    return change(user, rows, body, 'active again',
      (data) => (choice === 'revoke' ? revokedTokens(data.revoked_tokens) : ''));
  }, { words: 'Re-activating…' });
}

/** Makes the two choices. Nothing is chosen, because each of them surprises a person who wanted the other. */
function choiceFields(choices) {
  const options = Object.entries(choices).map(([value, { label, hint }]) => el('label',
    { class: value === 'revoke' ? 'option is-danger' : 'option' },
    el('input', { type: 'radio', name: 'choice', value, class: 'dot-choice', required: true,
      'aria-describedby': `choice-${value}` }),
    el('span', { class: 'label' }, label), el('span', { class: 'second', id: `choice-${value}` }, hint)));
  return el('fieldset', { class: 'options' }, el('legend', { class: 'visually-hidden' }, 'The tokens from before'),
    ...options);
}

async function askRemove(user, rows, summary) {
  const events = await eventsOf(user);
  const name = userName(user);
  const word = user.email && user.email_verified ? user.email : user.subject;
  const typed = el('input', { class: 'input', id: 'remove-typed', autocomplete: 'off', autocapitalize: 'off',
    spellcheck: 'false', placeholder: word });
  const submit = sendButton('', 'danger', { disabled: true });
  submit.querySelector('[data-label]').replaceChildren('Remove ', bdi(name));
  const isTyped = () => trimmed(typed.value) === word;
  typed.addEventListener('input', () => submit.toggleAttribute('disabled', !isTyped()));
  const dialog = openDialog({
    title: titleOf('Remove', user),
    body: [goesAndStays(summary, events), el('div', { class: 'field' },
      el('label', { class: 'label', for: typed.id }, 'Type ', bdi(word), ' to confirm'), typed,
      el('p', { class: 'help' }, 'If this person signs in again, a new account begins.'))],
    actions: [closeButton('Cancel', { autofocus: true }), submit], refocus: () => rows.focus(user.id),
  });
  onSubmit(dialog, async () => {
    if (!isTyped()) return false;
    await send(user, rows, 'DELETE', userPath(user.id));
    toast(el('span', {}, bdi(name), ` is removed.${everywhere()}`));
    await showAgain(user, rows);
    return true;
  }, { words: 'Removing…' });
}

function goesAndStays(summary, events) {
  const tokens = itsTokens(summary);
  const used = summary?.not_ended === 1 ? 'it was' : 'they were';
  const goes = tokens ? `The account, ${tokens}, and the networks ${used} used from` : 'The account';
  return el('dl', { class: 'goes-and-stays' },
    el('dt', {}, 'Goes'), el('dd', {}, goes),
    el('dt', {}, 'Stays'),
    el('dd', {}, `A mark that keeps its tokens dead, and ${eventsThatStay(events)}, by id, without a name`));
}

/** Counts the events of a user. Returns null if that fails. */
const eventsOf = (user) => read(`${userPath(user.id)}/events/summary`, isCount);

function eventsThatStay(events) {
  const days = limits.audit_days ? ` for ${counted(limits.audit_days, 'day')}` : '';
  if (!events) return `its events${days}`;
  return `${events.is_more ? 'more than ' : ''}${counted(events.count, 'event')}${days}`;
}

/** Reads a user again. The change is made, even if the user cannot be read. */
const showAgain = (user, rows) =>
  call('GET', userPath(user.id)).then(fitting(isUser)).then(({ data }) => rows.show(data)).catch(() => tellStale());
