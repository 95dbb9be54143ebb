/** The question before a token is revoked. */

import { call, tokenPath } from './api.js';
import { tellStale, tellToken } from './changes.js';
import { confirmDialog } from './dialogs.js';
import { bdi, el } from './dom.js';
import { icon } from './icons.js';
import { toast } from './notices.js';
import { fitting, isToken } from './shapes.js';
import { nameOf } from './token-state.js';
import { cacheBound, everywhere, timeElement } from './times.js';

const WORKING = ['active', 'inactive', 'idle'];
const ALSO = {
  successor: 'It rotated itself, so its successor is revoked too.',
  predecessor: 'The token before it rotated itself and still works. It is revoked too.',
};
const SUCCESSOR_WORKS = 'Its successor keeps working.';
const UNKNOWN = 'If it rotated itself, its successor is revoked too.';

/**
 * Asks whether a token is to be revoked, and revokes it. If an administrator acts on the token, `owner` is the user
 * id of its owner.
 *
 * @param {any} token
 * @param {{owner?: string | null, refocus?: () => void}} [options]
 */
export async function openRevoke(token, { owner = null, refocus } = {}) {
  const path = tokenPath(token.id, owner);
  const line = el('p', { role: 'status' });
  const dialog = confirmDialog({
    title: el('span', {}, 'Revoke ', bdi(nameOf(token)), '?'),
    text: consequence(token),
    body: [lastUse(token), line],
    confirm: 'Revoke token',
    busy: 'Revoking…',
    refocus,
    act: async () => {
      await call('DELETE', path);
      toast(`Revoked.${everywhere()}`);
      // Other tokens of its line may be revoked with it.
      if (token.predecessor_id || token.successor_id) tellStale();
      // It is revoked, even if it cannot be read again.
      else await call('GET', path).then(fitting(isToken)).then(({ data }) => tellToken(data), tellStale);
    },
  });
  line.hidden = true;
  if (!token.predecessor_id && !token.successor_id) return;
  // A click before the whole consequence is said would agree to less than what happens.
  const submit = /** @type {HTMLButtonElement} */ (dialog.querySelector('[type=submit]'));
  submit.disabled = true;
  line.textContent = await alsoRevoked(token, owner);
  line.hidden = !line.textContent;
  submit.disabled = false;
}

function consequence(token) {
  const bound = cacheBound();
  const refused = `Whatever uses it is refused for good${bound ? `, everywhere within ${bound}` : ''}.`;
  const owner = token.owner?.name ? [' It belongs to ', bdi(token.owner.name), '.'] : [];
  return el('span', {}, `${refused} This cannot be undone.`, ...owner);
}

function lastUse(token) {
  const words = token.last_used_at ? el('p', {}, 'Last used ', timeElement(token.last_used_at, 'ago'),
    ...(token.last_used_from ? [' from ', el('code', {}, token.last_used_from)] : []))
    : el('p', {}, 'Never used');
  return el('div', { class: 'note' }, icon('activity'), words);
}

/** Returns a sentence about the tokens that are revoked with a token. Tokens that rotated themselves end together. */
async function alsoRevoked(token, owner) {
  try {
    const [before, after] = await Promise.all([token.predecessor_id, token.successor_id].map((id) => read(id, owner)));
    const works = (other) => WORKING.includes(other?.status);
    if (works(after)) return after.self_rotated ? ALSO.successor : SUCCESSOR_WORKS;
    return token.self_rotated && works(before) ? ALSO.predecessor : '';
  } catch {
    return UNKNOWN;
  }
}

/** Reads a token. Returns null without an id, or if its row is gone. */
async function read(id, owner) {
  if (!id) return null;
  try {
    return (await call('GET', tokenPath(id, owner)).then(fitting(isToken))).data;
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}
