/** The session: signing out, and a dialog when it has ended by itself. */

import { base, call, onSessionEnd, renewSession } from './api.js';
import { isTyping, openDialog } from './dialogs.js';
import { whileBusy } from './dom.js';
import { announce, errorToast } from './notices.js';

const LEAVE = 'Sign in again to continue.';
const STAY = 'Sign in again in a new tab, then come back here. Your text is kept.';

/** Makes "Sign out" work and watches for the end of the session. */
export function watchSession() {
  const button = document.getElementById('sign-out');
  button.addEventListener('click', () => whileBusy(button, signOut));
  onSessionEnd(tellSessionEnd);
}

async function signOut() {
  try {
    await call('POST', '/logout');
    location.assign(`${base}/signed-out`);
  } catch (problem) {
    errorToast(problem.message);
  }
}

function tellSessionEnd() {
  if (document.getElementById('session-title')) return;
  const keepsPage = isTyping();
  const fill = (made) => { made.querySelector('#session-text').textContent = keepsPage ? STAY : LEAVE; };
  const dialog = openDialog('session-dialog', { fill });
  if (!keepsPage) return;
  const link = dialog.querySelector('a');
  link.target = '_blank';
  link.textContent = 'Sign in again in a new tab';
  const leaving = new AbortController();
  const back = async () => {
    if (!(await renewSession())) return;
    dialog.close();
    announce('You are signed in again.');
  };
  window.addEventListener('focus', back, { signal: leaving.signal });
  dialog.addEventListener('close', () => leaving.abort());
}
