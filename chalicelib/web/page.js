/** Settings > API Tokens: starts the page and shows the view that its address names. */

import { me } from './api.js';
import { showMails } from './mails.js';
import { errorToast } from './notices.js';
import { emailBeside, userName } from './people.js';
import { watchSession } from './session.js';
import { keepFresh } from './times.js';
import { startTokens } from './tokens.js';

const views = { tokens: document.getElementById('tokens-view'), users: document.getElementById('users-view') };
const sections = document.getElementById('sections');
const isAdmin = me.role === 'admin';

/** Shows a view. `#users` and `#users/<id>` are for administrators. Any other address shows the user's tokens. */
async function route() {
  const [name, id] = location.hash.slice(1).split('/');
  const view = isAdmin && name === 'users' ? 'users' : 'tokens';
  for (const [key, section] of Object.entries(views)) section.hidden = key !== view;
  for (const link of sections.querySelectorAll('a')) {
    if (link.hash === `#${view}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.getElementById('open-create').hidden = view !== 'tokens';
  document.title = view === 'users' ? 'Users · API Tokens · Settings' : 'API Tokens · Settings';
  if (view === 'users') await showUsers(id);
}

function showMe() {
  const who = document.getElementById('who');
  who.textContent = userName(me) ?? '';
  who.after(...[emailBeside(me)].filter(Boolean));
}

/** Loads the view only when it is opened, because most people never see it. */
async function showUsers(id) {
  const shown = location.hash;
  try {
    const [list, tokens] = await Promise.all([import('./users.js'), import('./user-tokens.js')]);
    // Imports may end in another order than they began. An older address must not cover the newer one.
    if (location.hash !== shown) return;
    await (id ? tokens.showUserTokens(views.users, decodeURIComponent(id)) : list.showUserList(views.users));
  } catch {
    errorToast('This part of the page could not be loaded. Reload the page.');
  }
}

showMe();
sections.hidden = !isAdmin;
watchSession();
keepFresh();
showMails();
startTokens();
window.addEventListener('hashchange', route);
// A click before this moment would be lost without a message.
for (const control of document.querySelectorAll('[data-until-ready]')) control.removeAttribute('disabled');
route();
