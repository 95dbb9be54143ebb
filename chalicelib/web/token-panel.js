/** The place of a token's own view: a drawer beside the list from 900 px up, and a page below that. */

import { address, go, hrefOf } from './address.js';
import { el } from './dom.js';
import { icon } from './icons.js';
import { placeNotices } from './notices.js';
import { focusRow, markOpen, neighbours, onRows } from './open-list.js';
import { TokenContent } from './token-content.js';

const VIEWS = { all: 'All tokens', users: 'Users', activity: 'Activity' };
/** Returns the name of the view that an address names. */
const viewOf = ({ view = '' }) => (Object.hasOwn(VIEWS, view) ? VIEWS[view] : 'My tokens');

const TITLE_ID = 'token-title';

const main = document.getElementById('view');
const wide = matchMedia('(width >= 900px)');
const previous = step('chevron-up', 'Previous token', 'previous');
const next = step('chevron-down', 'Next token', 'next');
const close = el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', onclick: leave }, icon('x'));
const steps = el('div', { class: 'steps' }, previous, next, close);

/** @type {TokenContent | null} */
let content = null;
let dialog = null;
let page = null;
let scrolledTo = 0;
let endRows = () => {};

wide.addEventListener('change', () => { if (content) place(); });
document.addEventListener('keydown', onKey);

/** Shows the token that the address names. Without one, it closes the view. */
export function showPanel() {
  const { token: id, owner = null } = address();
  if (!id) {
    hide();
    return;
  }
  if (content?.id !== id || content.owner !== owner) {
    content?.end();
    content = new TokenContent({ id, owner, steps, titleId: TITLE_ID });
    place();
    content.focus();
  } else {
    place();
  }
}

/** Puts the content into the drawer or the page, whichever fits the width. */
function place() {
  if (wide.matches) {
    closePage();
    openDrawer();
  } else {
    closeDrawer();
    openPage();
  }
}

function openDrawer() {
  if (!dialog) {
    dialog = el('dialog', { class: 'drawer', 'aria-labelledby': TITLE_ID });
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      leave();
    });
    // A second Esc closes a dialog even if "cancel" was prevented.
    dialog.addEventListener('close', () => { if (address().token && wide.matches) leave(); });
    dialog.addEventListener('click', (event) => { if (event.target === dialog) leave(); });
    document.body.append(dialog);
    dialog.showModal();
    placeNotices();
    endRows = onRows(mark);
  }
  if (content.element.parentElement !== dialog) dialog.replaceChildren(content.element, ...noticesIn(dialog));
  mark();
}

/** Returns the messages that are inside the drawer now, so that a new content keeps them. */
const noticesIn = (place_) => [...place_.children].filter((each) => ['announcer', 'toasts'].includes(each.id));

function openPage() {
  if (!page) {
    scrolledTo = window.scrollY;
    page = el('section', { class: 'token-page', 'aria-labelledby': TITLE_ID });
    main.append(page);
    window.scrollTo(0, 0);
  }
  const rest = { ...address(), token: null, owner: null };
  const back = el('a', { href: hrefOf(rest), 'data-local': '' },
    icon('chevron-left', { isSmall: true }), viewOf(rest));
  page.replaceChildren(el('nav', { class: 'token-back', 'aria-label': 'Back' }, back), content.element);
  for (const other of main.children) other.toggleAttribute('hidden', other !== page);
}

function closeDrawer() {
  if (!dialog) return;
  const closing = dialog;
  dialog = null;
  endRows();
  markOpen(null);
  closing.close();
  placeNotices();
  closing.remove();
}

function closePage() {
  if (!page) return;
  page.remove();
  page = null;
  for (const view of main.children) {
    if (view.getAttribute('aria-label') === viewOf(address())) view.removeAttribute('hidden');
  }
}

function hide() {
  if (!content) return;
  const { id } = content;
  const wasPage = Boolean(page);
  content.end();
  content = null;
  closeDrawer();
  closePage();
  if (wasPage) window.scrollTo(0, scrolledTo);
  focusRow(id);
}

function leave() {
  go({ token: null, owner: null });
}

/** Marks the row of the token in the list behind, and says whether there is a row before and after it. */
function mark() {
  if (!content) return;
  markOpen(content.id);
  const found = neighbours(content.id);
  previous.setAttribute('aria-disabled', String(!found.previous));
  next.setAttribute('aria-disabled', String(!found.next));
}

function step(picture, label, way) {
  const attributes = { type: 'button', class: 'icon-button', 'aria-label': label, title: label };
  return el('button', { ...attributes, onclick: () => move(way) }, icon(picture));
}

function move(way) {
  const to = neighbours(content.id)[way];
  // Steps from token to token are one entry of the history.
  if (to) go(to, { replace: true });
}

function onKey(event) {
  if (!dialog || event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element)) return;
  if (event.target.closest('input, textarea, select, [role=menu], dialog:not(.drawer)')) return;
  const way = { j: 'next', k: 'previous' }[event.key.toLowerCase()];
  if (!way) return;
  event.preventDefault();
  move(way);
}
