/** The tokens of one user, for administrators, with a button that revokes them all. */

import { call } from './api.js';
import { consequence } from './counts.js';
import { confirmDialog } from './dialogs.js';
import { el } from './dom.js';
import { List } from './list.js';
import { toast } from './notices.js';
import { userName } from './people.js';
import { everywhere } from './times.js';
import { TOKEN_COLUMNS, tokenRow } from './token-row.js';
import { summaryOf, userPath } from './users.js';
import { REVOCATION_REASONS_OF_OTHERS } from './words.js';

/** Shows the tokens of a user in `place`. */
export async function showUserTokens(place, id) {
  const title = el('h2', { tabindex: '-1' }, 'Tokens');
  const attributes = { type: 'button', class: 'button danger', 'aria-haspopup': 'dialog', hidden: true };
  const revoke = el('button', attributes, 'Revoke all tokens');
  const box = el('div', {});
  place.replaceChildren(
    el('p', {}, el('a', { href: '#users' }, 'Back to users')),
    el('div', { class: 'subheading' }, title, revoke), box);
  const list = makeList(box, id);
  const loaded = list.reload({ quietly: true });
  try {
    const { data: user } = await call('GET', userPath(id));
    title.textContent = `Tokens of ${userName(user)}`;
    revoke.hidden = user.status === 'removed';
    revoke.addEventListener('click', async () => askRevokeAll(user, list, await summaryOf(user, revoke)));
  } catch {
    // The list shows the error.
  }
  title.focus();
  return loaded;
}

function makeList(box, id) {
  return new List(box, {
    path: `${userPath(id)}/tokens`,
    member: 'tokens',
    noun: 'token',
    caption: 'Tokens of the user',
    columns: TOKEN_COLUMNS,
    sort: '-created_at',
    empty: () => el('p', { class: 'empty' }, 'This user has no API tokens.'),
    row: (token) => tokenRow(token, { reasons: REVOCATION_REASONS_OF_OTHERS }),
  });
}

function askRevokeAll(user, list, summary) {
  confirmDialog({
    title: `Revoke all tokens of ${userName(user)}?`,
    text: `${consequence(summary, 'revoked')} Programs that use them will be refused. This cannot be undone. `
      + 'The user can still sign in and generate new tokens.',
    confirm: 'Revoke all tokens',
    act: async () => {
      await call('DELETE', `${userPath(user.id)}/tokens`);
      toast(`All tokens of ${userName(user)} are revoked.${everywhere()}`);
      list.reload({ quietly: true });
    },
  });
}
