/** The choice about mails to the user. It is shown only if the service sends mails to this user's address. */

import { call, me } from './api.js';
import { whileBusy } from './dom.js';
import { announce, errorToast } from './notices.js';

/** Shows the choice, and tells the server each change of it. */
export function showMails() {
  if (!document.body.dataset.mails || !me.email_verified) return;
  const box = /** @type {HTMLInputElement} */ (document.getElementById('wants-mails'));
  box.checked = me.notices;
  box.addEventListener('change', () => whileBusy(box, () => save(box)));
  document.getElementById('mails').hidden = false;
}

async function save(box) {
  try {
    const { data } = await call('PATCH', '/v1/me', { body: { notices: box.checked } });
    box.checked = data.notices;
    announce(data.notices ? 'Mails are on.' : 'Mails are off.');
  } catch (problem) {
    box.checked = !box.checked;
    errorToast(problem.message);
  }
}
