/** The cells of a row of tokens: name, access, last use, end, status, menu. */

import { bdi, el } from './dom.js';
import { icon } from './icons.js';
import { sparkline } from './sparkline.js';
import { timeElement } from './times.js';
import { accessOf, endsOf, isEnded, nameOf, stateOf, statusWords } from './token-state.js';

/** Makes a cell of a row. `column` becomes its class. */
export const cell = (column, ...children) => el('div', { role: 'gridcell', class: column }, ...children);

/** Makes the cell that names its row, with the description. */
export function nameCell(token) {
  const { name, description } = token;
  return el('div', { role: 'rowheader', class: 'cell-name two-lines' },
    bdi(nameOf(token), { class: 'name clamp', title: name || null }),
    description ? bdi(description, { class: 'second clamp', title: description }) : null);
}

/** Makes the cell of scopes and networks. */
export function accessCell(token) {
  const { text, more, networks, isLimited } = accessOf(token);
  const others = more ? el('span', { class: 'tag' }, `+${more}`) : null;
  return cell('cell-access two-lines',
    el('span', { class: 'access' }, el('span', { class: 'clamp' }, text), others),
    el('span', { class: 'second with-icon icon-small' }, isLimited ? icon('lock', { isSmall: true }) : null, networks));
}

/** Makes the cell of the last use, with its network and the sparkline. */
export function useCell(token) {
  const used = token.last_used_at ? timeElement(token.last_used_at) : el('span', { class: 'second' }, 'Never used');
  return cell('cell-use use',
    el('span', { class: 'two-lines' }, used,
      token.last_used_from ? el('span', { class: 'second clamp' }, token.last_used_from) : null),
    token.usage ? sparkline(token.usage, { isGrey: isEnded(token) }) : null);
}

/** Makes the cell of the end: whichever end is first. */
export function endsCell(token) {
  const { text, second, tone } = endsOf(token);
  const isNear = tone === 'warn';
  return cell('cell-ends two-lines',
    el('span', { class: isNear ? 'with-icon icon-small is-warn' : 'quiet-text clamp' },
      isNear ? icon('triangle-alert', { isSmall: true }) : null, text),
    second ? el('span', { class: 'second clamp' }, second) : null);
}

/** Makes the cell of the status. `reasons` are other words for reasons of a revocation. */
export function statusCell(token, reasons = {}) {
  const words = statusWords(token, reasons);
  const made = cell('cell-status two-lines', statusBadge(words),
    words.second ? el('span', { class: 'second clamp' }, words.second) : null);
  made.dataset.state = stateOf(token);
  return made;
}

/** Makes a status in words, with a dot or an icon. */
export function statusBadge({ word, icon: picture, tone }) {
  return el('span', { class: tone ? `status icon-small is-${tone}` : 'status' },
    picture ? icon(picture, { isSmall: true }) : el('span', { class: 'dot' }), word);
}

/** Makes the cell with the button of the row's menu. Rows are one tab stop, so the button is none. */
export function menuCell(label, open) {
  const attributes = { type: 'button', class: 'icon-button', tabindex: '-1', 'aria-haspopup': 'menu',
    'aria-expanded': 'false', 'aria-label': label, 'data-menu': '' };
  const run = (event) => open(event.currentTarget);
  return cell('cell-menu', el('button', { ...attributes, onclick: run }, icon('ellipsis')));
}
