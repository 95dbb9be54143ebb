/** The dialog that replaces a token by a successor, which is shown once. */

import { call, limits, tokenPath } from './api.js';
import { tellStale } from './changes.js';
import { checkCreated, showCreated } from './created.js';
import { closeButton, onSubmit, openDialog, sendButton } from './dialogs.js';
import { bdi, el } from './dom.js';
import { icon } from './icons.js';
import { fitting, isToken } from './shapes.js';
import { SECOND, dayOf, written } from './times.js';
import { accessWords, nameOf } from './token-state.js';
import { counted } from './words.js';

/** @type {[seconds: number, words: string][]} */
const OVERLAPS = [[0, 'Stop now'], [3600, '1 hour'], [86_400, '1 day'], [604_800, '7 days']];
const USUAL_SECONDS = 86_400;
const MAYBE = ' The token may have been rotated. Try again to find out.';
const ROTATED = 'This token was already rotated. Its successor is in the list. '
  + 'If you lost the successor\'s string, rotate the successor.';
// A retry from this dialog cannot change these.
const FINAL = ['token_rotated', 'token_revoked', 'token_expired', 'token_not_active', 'token_not_found'];

/** Opens the dialog. */
export async function openRotate(token) {
  const older = token.predecessor_id ? await stillWorking(token.predecessor_id) : null;
  const help = el('p', { class: 'help', 'aria-live': 'polite' });
  const dialog = openDialog({
    title: el('span', {}, 'Rotate ', bdi(nameOf(token)), '?'),
    lede: 'You get a new string with the same name, access and networks. It is shown once.',
    body: [overlapChoice(help), older ? olderNote(older) : null],
    actions: [closeButton(), sendButton('Rotate token')],
  });
  const form = dialog.querySelector('form');
  const chosen = () => /** @type {HTMLInputElement} */ (form.querySelector('[name=overlap]:checked'));
  const update = () => { help.textContent = consequence(token, Number(chosen().value)); };
  form.addEventListener('change', update);
  update();
  chosen().focus();
  send(dialog, token);
}

function send(dialog, token) {
  let isUnsure = false;
  dialog.addEventListener('close', () => { if (isUnsure) tellStale(); });
  const post = async ({ elements: { overlap } }) => {
    const body = { overlap_seconds: Number(overlap.value) };
    const { data } = await call('POST', `${tokenPath(token.id)}/rotate`, { body });
    checkCreated(data);
    isUnsure = false;
    dialog.close();
    showCreated(data, describe(data));
    tellStale();
    return false;
  };
  const explain = ({ code, status, message }) => {
    // A response that cannot be read says nothing either.
    isUnsure = status < 400 || status >= 500;
    if (FINAL.includes(code)) {
      leaveOnlyClose(dialog);
      tellStale();
    }
    if (code === 'token_rotated') return ROTATED;
    return isUnsure ? message + MAYBE : message;
  };
  onSubmit(dialog, post, { explain, words: 'Rotating…' });
}

function overlapChoice(help) {
  const offered = OVERLAPS.filter(([seconds]) => seconds <= limits.overlap_seconds);
  const usual = Math.max(...offered.map(([seconds]) => seconds).filter((seconds) => seconds <= USUAL_SECONDS));
  const segments = offered.map(([seconds, words]) => el('label', {},
    el('input', { type: 'radio', name: 'overlap', value: seconds, checked: seconds === usual }), words));
  return el('fieldset', { class: 'field', 'data-question': '' }, el('legend', {}, 'The old string works for'),
    el('div', { class: 'segments' }, ...segments), help);
}

function olderNote(older) {
  const end = written(older.overlap_ends_at, 'moment');
  return el('div', { class: 'note', 'data-question': '' }, icon('triangle-alert'),
    el('p', {}, `The predecessor of this token still works until ${end}. A rotation ends it at once.`));
}

/** Returns a predecessor if it still works. Another rotation ends it. */
async function stillWorking(id) {
  const found = await call('GET', tokenPath(id)).then(fitting(isToken)).catch(() => null);
  return found?.data.status === 'active' ? found.data : null;
}

function consequence(token, seconds) {
  if (!seconds) return 'Whatever uses it is refused until it has the new string.';
  const end = Date.now() + seconds * SECOND;
  const expiry = token.expires_at ? Date.parse(token.expires_at) : Infinity;
  if (expiry <= end) return `Until it expires on ${written(expiry, 'moment')}.`;
  return `Until ${written(end, 'moment')}. After that its use is refused, and you see it here.`;
}

function describe({ scopes, allowed_networks: networks, expires_at: expiry }) {
  const from = networks.length ? `from ${counted(networks.length, 'network')}` : 'from anywhere';
  return `${accessWords(scopes)}, ${from}, ${expiry ? `until ${dayOf(expiry)}` : 'without expiry'}`;
}

function leaveOnlyClose(dialog) {
  const close = dialog.querySelector('.actions [data-close]');
  close.querySelector('[data-label]').textContent = 'Close';
  for (const part of dialog.querySelectorAll('[data-question], [type=submit]')) part.hidden = true;
  close.focus();
}
