/** The new token, shown once: it is masked, can be copied, and is removed with the dialog. */

import { base } from './api.js';
import { fromTemplate } from './dom.js';
import { dateOf, duration } from './times.js';

const COPIED_MILLISECONDS = 2000;
const MASK = '••••••••••••';

/** Shows a token that was just created, in place of the form. */
export function showCreated(dialog, token) {
  replaceContent(dialog);
  const find = (name) => dialog.querySelector(`[data-${name}]`);
  const field = dialog.querySelector('#new-token');
  field.value = token.token;
  find('idle-note').textContent = note(token);
  const show = (isShown) => {
    field.type = isShown ? 'text' : 'password';
    find('show').textContent = isShown ? 'Hide token' : 'Show token';
    find('curl').textContent = curl(isShown ? field.value : masked(field.value));
  };
  show(false);
  find('show').addEventListener('click', () => show(field.type === 'password'));
  offerCopies(find, field, () => show(true));
  const forget = () => {
    field.value = '';
    show(false);
  };
  // The buttons forget the token before they close, because "close" is fired later. Other ways only fire it.
  guard(dialog, find, forget);
  dialog.addEventListener('close', forget);
  dialog.querySelector('h2').focus();
}

function replaceContent(dialog) {
  dialog.replaceChildren(fromTemplate('created-content'));
  dialog.setAttribute('aria-labelledby', 'created-title');
  if (dialog.isConnected) return;
  // The user closed the dialog before the response came. The token exists and can only be seen now.
  document.body.append(dialog);
  dialog.showModal();
}

function offerCopies(find, field, show) {
  const status = find('copy-status');
  const offer = (name, text, select) => {
    const button = find(name);
    const words = button.textContent;
    button.addEventListener('click', () => copy(button, words, text(), status, () => {
      // A masked text cannot be copied by hand.
      show();
      select();
    }));
  };
  offer('copy-token', () => field.value, () => {
    field.focus();
    field.select();
  });
  offer('copy-command', () => curl(field.value), () => getSelection().selectAllChildren(find('curl')));
}

/** Lets only "Done" close the dialog at once. Esc asks first. */
function guard(dialog, find, forget) {
  const ask = (event) => {
    event.preventDefault();
    find('leave').hidden = false;
    find('stay').focus();
  };
  dialog.addEventListener('cancel', ask);
  // A second Esc closes a dialog even if "cancel" was prevented, unless the key itself was prevented.
  dialog.addEventListener('keydown', (event) => { if (event.key === 'Escape') ask(event); });
  find('stay').addEventListener('click', () => {
    find('leave').hidden = true;
    find('copy-token').focus();
  });
  for (const name of ['leave-anyway', 'done']) {
    find(name).addEventListener('click', () => {
      forget();
      dialog.close();
    });
  }
}

async function copy(button, words, text, status, select) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    select();
    const key = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘C' : 'Ctrl+C';
    status.textContent = `Your browser does not allow this page to copy. The text is selected. Press ${key}.`;
    return;
  }
  button.textContent = 'Copied';
  status.textContent = 'Copied to the clipboard.';
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = setTimeout(() => {
    button.textContent = words;
    status.textContent = '';
  }, COPIED_MILLISECONDS);
}

/** Returns a token with its prefix only, which is the same for all tokens. */
const masked = (secret) => secret.slice(0, secret.indexOf('_') + 1) + MASK;

const curl = (secret) => `curl -H "Authorization: Bearer ${secret}" ${location.origin}${base}/api/whoami`;

function note(token) {
  const idle = duration(Date.parse(token.idle_at) - Date.parse(token.created_at));
  const rule = `If a token is not used for ${idle}, it goes idle. It is then refused until you re-activate it here.`;
  return token.expires_at ? `${rule} This token expires on ${dateOf(token.expires_at)}.` : rule;
}
