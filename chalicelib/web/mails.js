/** The choice about mails to the user. It is offered only if the service sends mails to this user's address. */

import { call, me } from './api.js';
import { errorToast, toast } from './notices.js';

let isOn = me.notices;

/** Returns the item of the account's menu for the choice, or none. */
export function mailItems() {
  if (!document.body.dataset.mails || !me.email_verified) return [];
  const icon = isOn ? 'check' : 'mail';
  return [{ label: 'Mail me about my tokens', icon, isChecked: isOn, run: save }, null];
}

async function save() {
  try {
    const { data } = await call('PATCH', '/v1/me', { body: { notices: !isOn } });
    isOn = data.notices;
    toast(isOn ? `Mails go to ${me.email}.` : 'You get no mails about your tokens.');
  } catch (problem) {
    errorToast(problem.message, { label: 'Try again', run: save });
  }
}
