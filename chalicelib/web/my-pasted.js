/** A pasted token of "My tokens". Only its id is known here, and only the id may reach the server. */

import { call, tokenPath } from './api.js';
import { bdi } from './dom.js';
import { fitting, isToken } from './shapes.js';
import { nameOf } from './token-state.js';

const STAYED = '. The string stayed in this browser.';
const NOT_WHOLE = 'This looks like a token, but its string is not whole. Paste all of it.';
const FOREIGN = 'This is not one of your tokens.';

/**
 * Returns what to say about a pasted token, and the token if it is the user's.
 *
 * @param {string | null} id null stands for a string that cannot be read
 * @param {Map<string, any>} tokens those that are known here
 * @returns {Promise<{text: (Node | string)[], token: any}>}
 */
export async function findPasted(id, tokens) {
  if (id === null) return { text: [NOT_WHOLE], token: null };
  try {
    const token = tokens.get(id) ?? (await call('GET', tokenPath(id)).then(fitting(isToken))).data;
    return { text: ['This is ', bdi(nameOf(token)), STAYED], token };
  } catch (problem) {
    return { text: [problem.status === 404 ? FOREIGN : problem.message], token: null };
  }
}
