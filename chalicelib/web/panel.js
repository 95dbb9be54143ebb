/** A small panel that a button opens below itself: for choices that a menu cannot hold. */

import { el } from './dom.js';

const GAP = 4;
const EDGE = 8;

/**
 * Opens a panel with `content` below `anchor`, and returns it. Esc and a click outside close it. Then the focus
 * returns to the anchor, unless another control has it.
 */
export function openPanel(anchor, label, ...content) {
  const panel = el('div', { class: 'panel', popover: 'auto', role: 'dialog', 'aria-label': label }, ...content);
  document.body.append(panel);
  panel.addEventListener('toggle', (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== 'closed') return;
    anchor.setAttribute('aria-expanded', 'false');
    const isLost = panel.contains(document.activeElement) || document.activeElement === document.body;
    panel.remove();
    if (isLost) anchor.focus();
  });
  panel.showPopover();
  anchor.setAttribute('aria-expanded', 'true');
  const from = anchor.getBoundingClientRect();
  const widest = document.documentElement.clientWidth - EDGE - panel.offsetWidth;
  panel.style.left = `${Math.max(EDGE, Math.min(from.left, widest))}px`;
  panel.style.top = `${from.bottom + GAP}px`;
  panel.style.maxHeight = `${window.innerHeight - from.bottom - GAP - EDGE}px`;
  return panel;
}
