/** The session: signing out, and a dialog when it has ended by itself. */

import { address, hrefOf } from './address.js';
import { base, call, me, onSessionEnd, renewSession } from './api.js';
import { closeButton, isTyping, openDialog } from './dialogs.js';
import { el } from './dom.js';
import { announce, errorToast } from './notices.js';
import { written } from './times.js';

/** Watches for the end of the session, and for another person's session. */
export function watchSession() {
  onSessionEnd(tellSessionEnd);
  const tabs = new BroadcastChannel(`bodhi-user ${base}`);
  // Nothing on this page belongs to the person who signed in in another tab.
  tabs.addEventListener('message', ({ data }) => { if (data !== me.id) location.reload(); });
  tabs.postMessage(me.id);
}

/** Ends the session and leaves the page. */
export async function signOut() {
  try {
    await call('POST', '/logout');
    location.assign(`${base}/signed-out`);
  } catch (problem) {
    errorToast(problem.message);
  }
}

/** Returns the address that begins a sign-in and comes back to this address. */
function signInAddress() {
  const here = hrefOf(address()).slice(base.length);
  return `${base}/login?${new URLSearchParams({ return_to: here })}`;
}

function tellSessionEnd() {
  if (document.querySelector('[data-session-ended]')) return;
  const keepsPage = isTyping();
  const ended = `Your session ended at ${written(Date.now(), 'clock')}.`;
  const link = el('a', { class: 'button primary', href: signInAddress(), autofocus: true, 'data-session-ended': '',
    target: keepsPage ? '_blank' : null }, 'Sign in');
  const dialog = openDialog({
    title: 'Sign in again',
    lede: keepsPage ? `${ended} What you typed stays here until you are back.` : ended,
    actions: [closeButton('Not now', { kind: 'quiet' }), link],
  });
  if (!keepsPage) return;
  const leaving = new AbortController();
  const back = async () => {
    if (!(await renewSession())) return;
    dialog.close();
    announce('You are signed in again.');
  };
  window.addEventListener('focus', back, { signal: leaving.signal });
  dialog.addEventListener('close', () => leaving.abort());
}
