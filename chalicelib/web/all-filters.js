/** The filters of "All tokens": status, owner, and buttons, which become a panel where they have no room. */

import { CHIPS, chipsOf, toggled } from './all-query.js';
import { address, go } from './address.js';
import { el } from './dom.js';
import { icon } from './icons.js';
import { ownerPicker } from './owner-picker.js';
import { openPanel } from './panel.js';
import { TOKEN_STATUSES } from './words.js';

/** Makes the filters. Call `show(address)` at each change of the address. */
export function allFilters() {
  const status = el('select', { class: 'input', 'aria-label': 'Status',
    onchange: () => go({ status: status.value || null }) },
  el('option', { value: '' }, 'Any status'),
  ...Object.entries(TOKEN_STATUSES).map(([value, word]) => el('option', { value }, word)));
  const owner = ownerPicker((id) => go({ user: id || null }));
  const chips = CHIPS.map((chip) => makeChip(chip, () => press(chip.value)));
  const more = el('button', { type: 'button', class: 'filter-more', 'aria-haspopup': 'dialog', 'aria-expanded': 'false',
    onclick: () => openMore(more) }, 'More filters', icon('chevron-down', { isSmall: true }));
  const element = el('div', { class: 'filters', role: 'group', 'aria-label': 'Filters' },
    el('span', { class: 'select-box' }, status, icon('chevron-down', { isSmall: true })), owner.element,
    el('span', { class: 'rule' }), ...chips, more);
  return {
    element,
    show(members) {
      status.value = members.status ?? '';
      owner.show(members.user);
      const chosen = new Set(chipsOf(members).map(({ value }) => value));
      const focused = chips.find((chip) => chip === document.activeElement);
      for (const chip of chips) chip.setAttribute('aria-pressed', String(chosen.has(chip.dataset.value)));
      // On a narrow screen a chip that is not pressed is in the panel alone.
      if (focused && !focused.getClientRects().length) more.focus();
    },
  };
}

function makeChip({ value, word }, run) {
  return el('button', { type: 'button', class: 'filter-chip', 'aria-pressed': 'false', 'data-value': value,
    onclick: run }, word, icon('x', { isSmall: true }));
}

const press = (value) => go({ show: toggled(address().show, value) });

function openMore(anchor) {
  const chosen = new Set(chipsOf(address()).map(({ value }) => value));
  const rows = CHIPS.map(({ value, word }) => {
    const run = () => press(value);
    return el('label', { class: 'panel-row' },
      el('input', { type: 'checkbox', class: 'tick', checked: chosen.has(value), onchange: run }), word);
  });
  const panel = openPanel(anchor, 'More filters', ...rows);
  /** @type {HTMLElement} */ (panel.querySelector('input')).focus();
}
