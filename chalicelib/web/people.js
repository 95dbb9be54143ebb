/** The names of users on the page. */

import { bdi, el } from './dom.js';

/**
 * Returns the name of a user, else the verified email, else the subject. At some providers anyone can enter
 * any email, so an unverified one is never the name, even if the provider copies it to the name.
 */
export const userName = ({ name, email, email_verified: isVerified, subject }) =>
  [name, email].find((text) => text && (isVerified || text !== email)) || subject;

/** Makes the email that is shown beside a user's name. An unverified one is marked. */
export function emailBeside(user) {
  if (!user.email || (user.email_verified && user.email === userName(user))) return null;
  const mark = user.email_verified ? null : el('span', { class: 'tag' }, 'unverified');
  return el('span', { class: 'description' }, bdi(user.email, { class: 'clamp' }), mark && ' ', mark);
}

/** Returns at most two letters for a person: the first ones of the first and the last word of the name. */
export function initials(name) {
  // The domain of an email says nothing about the person.
  const words = (name ?? '').replace(/(?<=.)@.*/, '').split(/[\s@._-]+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => [...(word ?? '')][0] ?? '');
  return letters.join('').toUpperCase();
}
