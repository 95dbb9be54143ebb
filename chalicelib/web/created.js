/** The new token, shown once: masked, copied, and gone with the dialog. */

import { base } from './api.js';
import { fromTemplate } from './dom.js';
import { dateOf, duration } from './times.js';

const COPIED_MILLISECONDS = 2000;
const MASK = '••••••••••••';

/** Shows a token that was just made in place of the form that asked for it. */
export function showCreated(dialog, token) {
  replaceContent(dialog);
  const find = (name) => dialog.querySelector(`[data-${name}]`);
  const field = dialog.querySelector('#new-token');
  field.value = token.token;
  find('idle-note').textContent = note(token);
  const show = (isShown) => {
    field.type = isShown ? 'text' : 'password';
    find('show').textContent = isShown ? 'Hide token' : 'Show token';
    find('curl').textContent = curl(isShown ? field.value : `bodhi_${MASK}`);
  };
  show(false);
  find('show').addEventListener('click', () => show(field.type === 'password'));
  offerCopies(find, field, () => show(true));
  // Before it closes, as browsers tell of that only later; and then, whichever way it was closed.
  const forget = () => {
    field.value = '';
    show(false);
  };
  guard(dialog, find, forget);
  dialog.addEventListener('close', forget);
  dialog.querySelector('h2').focus();
}

function replaceContent(dialog) {
  dialog.replaceChildren(fromTemplate('created-content'));
  dialog.setAttribute('aria-labelledby', 'created-title');
  if (dialog.isConnected) return;
  // Closed before the answer came; the token is made, and this is the only time to see it.
  document.body.append(dialog);
  dialog.showModal();
}

function offerCopies(find, field, show) {
  const status = find('copy-status');
  const offer = (name, text, select) => find(name).addEventListener('click', (event) => {
    copy(event.currentTarget, text(), status, () => {
      // What is masked cannot be copied by hand.
      show();
      select();
    });
  });
  offer('copy-token', () => field.value, () => {
    field.focus();
    field.select();
  });
  offer('copy-command', () => curl(field.value), () => getSelection().selectAllChildren(find('curl')));
}

/** Lets only "Done" close the dialog at once; Esc asks first. */
function guard(dialog, find, forget) {
  const ask = (event) => {
    event.preventDefault();
    find('leave').hidden = false;
    find('stay').focus();
  };
  dialog.addEventListener('cancel', ask);
  // Browsers let a second Esc close a dialog whatever "cancel" said, but not if they never see the key.
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

async function copy(button, text, status, select) {
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    select();
    const key = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘C' : 'Ctrl+C';
    status.textContent = `Your browser does not let this page copy. It is selected: press ${key}.`;
    return;
  }
  button.textContent = 'Copied';
  status.textContent = 'Copied to the clipboard.';
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = setTimeout(() => {
    button.textContent = label;
    status.textContent = '';
  }, COPIED_MILLISECONDS);
}

const curl = (secret) => `curl -H "Authorization: Bearer ${secret}" ${location.origin}${base}/api/whoami`;

function note(token) {
  const idle = duration(Date.parse(token.idle_at) - Date.parse(token.created_at));
  const rule = `A token that is not used for ${idle} goes idle: it is refused until you re-activate it here.`;
  return token.expires_at ? `${rule} This one expires on ${dateOf(token.expires_at)}.` : rule;
}
