/** Settings > API tokens: starts the page and shows the view that its address names. */

import { address, go, hrefOf, onAddress, removeSecret, watchAddress } from './address.js';
import { base, isAdmin, me } from './api.js';
import { el } from './dom.js';
import { mailItems } from './mails.js';
import { openMenu } from './menu.js';
import { createMine } from './mine.js';
import { errorToast } from './notices.js';
import { emailBeside, initials, userName } from './people.js';
import { signOut, watchSession } from './session.js';
import { keepFresh } from './times.js';
import { showToken } from './token-view.js';

/**
 * A view. `update` is called when it is shown and at each change of the address. `leave` is called when another
 * view is shown.
 * @typedef {{title: string, update: (address: Record<string, string>) => void, leave?: () => void}} View
 */

/** Makes the views. All but the first are loaded when they are opened, because most people never see them. */
const VIEWS = {
  mine: { label: 'My tokens', create: async (place) => createMine(place) },
  all: { label: 'All tokens', create: async (place) => (await import('./all.js')).createAll(place) },
  users: { label: 'Users', create: async (place) => (await import('./users.js')).createUsers(place) },
  activity: { label: 'Activity', create: async (place) => (await import('./activity.js')).createActivity(place) },
};
const FAILED = 'This part of the page could not be loaded. Reload the page.';

const main = document.getElementById('view');
const views = new Map();
let shown = null;

/** Shows the view that the address names, and a token's own view above it. */
async function route(members) {
  const name = isAdmin && Object.hasOwn(VIEWS, members.view ?? '') ? members.view : 'mine';
  markSection(name);
  try {
    const view = await opened(name);
    // Imports may end in another order than they began. An older address must not cover the newer one.
    if (hrefOf(address()) !== hrefOf(members)) return;
    if (shown && shown !== view) shown.leave?.();
    shown = view;
    for (const place of main.children) place.toggleAttribute('hidden', place !== view.place);
    document.title = `${view.title} · API tokens · Settings`;
    view.update(members);
    await showToken(address());
  } catch (error) {
    console.error(error);
    errorToast(FAILED);
  }
}

async function opened(name) {
  if (!views.has(name)) {
    const place = el('section', { 'aria-label': VIEWS[name].label, hidden: true });
    main.append(place);
    views.set(name, { place, ...(await VIEWS[name].create(place)) });
  }
  return views.get(name);
}

function markSection(name) {
  for (const link of document.querySelectorAll('[data-section]')) {
    if (link.getAttribute('data-section') === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

/** Fills the top bar. The sections of administrators are shown to them only. */
function fillBar() {
  for (const link of document.querySelectorAll('[data-section]')) {
    const name = link.getAttribute('data-section');
    link.setAttribute('href', hrefOf(name === 'mine' ? {} : { view: name }));
  }
  for (const part of document.querySelectorAll('[data-admins]')) part.toggleAttribute('hidden', !isAdmin);
  const account = document.getElementById('account');
  account.querySelector('.avatar').textContent = initials(userName(me));
  account.setAttribute('aria-label', `Account of ${userName(me)}`);
  const openAccount = () => openMenu(account, accountItems(), { label: 'Account', head: whoAmI(), isWide: true });
  account.addEventListener('click', openAccount);
  const sections = document.getElementById('sections-button');
  sections.addEventListener('click', () => openMenu(sections, sectionItems(), { label: 'Sections' }));
}

const whoAmI = () => el('div', { class: 'menu-head' },
  el('strong', {}, userName(me) ?? ''), el('div', { class: 'second clamp' }, emailBeside(me)));

function accountItems() {
  return [...mailItems(), { label: 'Sign out', icon: 'log-out', run: signOut }];
}

function sectionItems() {
  const names = isAdmin ? Object.keys(VIEWS) : ['mine'];
  const links = names.map((name) => ({
    label: VIEWS[name].label, href: hrefOf(name === 'mine' ? {} : { view: name }), isLocal: true,
    isCurrent: document.querySelector(`[data-section="${name}"]`).hasAttribute('aria-current'),
  }));
  return [...links, null, { label: 'Docs', icon: 'external-link', href: `${base}/docs` }];
}

/** Puts the focus into the search of the shown view when "/" is pressed outside a field. */
function watchSlash() {
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && event.target.closest('input, textarea, select, dialog')) return;
    const search = /** @type {HTMLElement} */ (main.querySelector(':scope > :not([hidden]) input[type=search]'));
    if (!search) return;
    event.preventDefault();
    search.focus();
  });
}

/** Cleans the address. The links of the mails of version 0.1 and of notices end in "#<token id>". */
function moveFragment() {
  removeSecret();
  const id = /^#(tok_[0-9a-z]+)$/.exec(location.hash)?.[1];
  if (id) {
    history.replaceState(null, '', location.pathname + location.search);
    go({ token: id }, { replace: true });
  }
}

fillBar();
moveFragment();
watchSession();
watchAddress();
watchSlash();
keepFresh();
onAddress(route);
window.addEventListener('hashchange', moveFragment);
// A click before this moment would be lost without a message.
for (const control of document.querySelectorAll('[data-until-ready]')) control.removeAttribute('disabled');
route(address());
