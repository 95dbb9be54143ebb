/** Users, as the page names them. */

import { el } from './dom.js';

/**
 * Returns the name of a user, else the verified email, else the subject. Anyone can enter any email at some
 * providers, so an unverified one never says who a user is. Some providers copy it to the name.
 */
export const userName = ({ name, email, email_verified: isVerified, subject }) =>
  [name, email].find((text) => text && (isVerified || text !== email)) || subject;

/** Makes the email to stand beside the name of a user, and marks it if it is unverified. */
export function emailBeside(user) {
  if (!user.email || (user.email_verified && user.email === userName(user))) return null;
  const mark = user.email_verified ? null : el('span', { class: 'chip' }, 'unverified');
  return el('span', { class: 'description' }, user.email, mark && ' ', mark);
}
