/** Menus that a button opens (WAI-ARIA Authoring Practices, "Menu Button"). */

import { el } from './dom.js';
import { icon } from './icons.js';

const GAP = 4;
const EDGE = 8;

/**
 * @typedef {object} Item
 * @property {string} label
 * @property {string} [icon]
 * @property {() => void} [run]
 * @property {string} [href] a link instead of an action
 * @property {boolean} [isLocal] the link changes only the address of this page
 * @property {boolean} [isDanger]
 * @property {boolean} [opensDialog]
 * @property {boolean} [isCurrent] whether the link leads to the place that is shown
 * @property {boolean} [isChecked] whether the choice that the item stands for is on
 * @property {string} [reason] why it cannot be done now; the item stays and does nothing
 */

/**
 * Opens a menu beside `anchor`. `items` are Items, and null for a line between groups. When it closes, the focus
 * returns to `focusAfter`, unless the action took it.
 * @param {HTMLElement} anchor
 * @param {(Item | null)[]} items
 * @param {{label: string, head?: Node | null, isWide?: boolean, focusAfter?: HTMLElement}} options
 */
export function openMenu(anchor, items, { label, head = null, isWide = false, focusAfter = anchor }) {
  const menu = el('div', { role: 'menu', class: 'menu', popover: 'auto', 'aria-label': label,
    'data-wide': isWide });
  const lineOrEntry = (item) => (item ? entry(item, menu) : el('hr', { role: 'none' }));
  menu.append(...[head].filter(Boolean), ...items.map(lineOrEntry));
  // Everything outside a modal dialog is inert, and nothing stands outside the page's landmarks.
  (anchor.closest('dialog, section, header') ?? document.body).append(menu);
  let takesFocus = true;
  const closing = new AbortController();
  const { signal } = closing;
  menu.addEventListener('toggle', (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== 'closed') return;
    closing.abort();
    anchor.setAttribute('aria-expanded', 'false');
    const isInside = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    if (takesFocus && isInside) focusAfter.focus();
  });
  menu.addEventListener('keydown', (event) => onKey(event, menu));
  // The element that a click outside means keeps its focus.
  window.addEventListener('pointerdown', (event) => { takesFocus = menu.contains(/** @type {Node} */ (event.target)); },
    { capture: true, signal });
  // The event of a scroll that has ended may come after the menu has opened.
  const { scrollY: from } = window;
  window.addEventListener('scroll', () => { if (window.scrollY !== from && isOpen(menu)) menu.hidePopover(); },
    { passive: true, signal });
  menu.showPopover();
  anchor.setAttribute('aria-expanded', 'true');
  place(menu, anchor);
  entries(menu)[0]?.focus();
}

const isOpen = (menu) => menu.matches(':popover-open');

/** @param {Item} item */
function entry(item, menu) {
  const kind = item.isChecked === undefined ? { role: 'menuitem' }
    : { role: 'menuitemcheckbox', 'aria-checked': String(item.isChecked) };
  const attributes = {
    ...kind, tabindex: '-1', class: item.isDanger && 'is-danger', 'aria-disabled': item.reason ? 'true' : null,
    'aria-haspopup': item.opensDialog ? 'dialog' : null, 'aria-current': item.isCurrent ? 'page' : null,
  };
  const content = [item.icon ? icon(item.icon) : el('span'), el('span', {}, item.label),
    item.reason ? el('span', { class: 'second' }, item.reason) : null];
  const close = () => menu.hidePopover();
  if (item.href) {
    return el('a', { ...attributes, href: item.href, 'data-local': item.isLocal, onclick: close }, ...content);
  }
  const act = () => {
    if (item.reason) return;
    close();
    item.run();
  };
  return el('button', { ...attributes, type: 'button', onclick: act }, ...content);
}

/** @returns {HTMLElement[]} */
const entries = (menu) => [...menu.querySelectorAll('[role^=menuitem]')];

function onKey(event, menu) {
  const all = entries(menu);
  const now = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const steps = { ArrowDown: now + 1, ArrowUp: now - 1 + all.length, Home: 0, End: all.length - 1 };
  if (event.key === 'Tab' || event.key === 'ArrowLeft') menu.hidePopover();
  // A dialog around the menu stays open.
  if (event.key === 'Escape') event.stopPropagation();
  const next = event.key in steps ? all[steps[event.key] % all.length] : beginningWith(event, all, now);
  if (!next) return;
  event.preventDefault();
  event.stopPropagation();
  next.focus();
}

/** Returns the next entry whose words begin with the letter of a key. */
function beginningWith({ key, ctrlKey, metaKey }, all, now) {
  if (key.length !== 1 || key === ' ' || ctrlKey || metaKey) return undefined;
  const begins = (item) => item.textContent.trim().toLowerCase().startsWith(key.toLowerCase());
  return [...all.slice(now + 1), ...all.slice(0, now + 1)].find(begins);
}

/** Puts the menu below its button, or above it if the room below is too small. */
function place(menu, anchor) {
  const from = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const isBelow = from.bottom + GAP + height <= window.innerHeight - EDGE;
  const top = isBelow ? from.bottom + GAP : Math.max(EDGE, from.top - GAP - height);
  const right = Math.max(EDGE + width, Math.min(from.right, document.documentElement.clientWidth - EDGE));
  menu.style.top = `${top}px`;
  menu.style.left = `${right - width}px`;
}
