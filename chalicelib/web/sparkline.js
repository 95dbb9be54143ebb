/** The small picture of a token's last 30 days. It shows the rhythm of use, not the amount. */

import { svg } from './icons.js';

const [BAR, GAP, HEIGHT, LEAST] = [3, 1, 24, 2];

/** Makes the picture of the uses of each day. It is hidden from screen readers, because the cell has words. */
export function sparkline(days, { isGrey = false } = {}) {
  const most = Math.sqrt(Math.max(1, ...days));
  const width = days.length * (BAR + GAP) - GAP;
  const heightOf = (uses) => (uses ? Math.max(LEAST, Math.round((Math.sqrt(uses) / most) * HEIGHT)) : 1);
  // One path for all bars: a list of 120 tokens would have thousands of elements otherwise.
  const path = (isUsed) => days.map((uses, index) => (isUsed === uses > 0 ? bar(index, heightOf(uses)) : '')).join('');
  return svg('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, class: isGrey ? 'sparkline grey' : 'sparkline',
    'aria-hidden': 'true', preserveAspectRatio: 'none' },
  svg('path', { d: path(true), class: 'used' }), svg('path', { d: path(false), class: 'unused' }));
}

const bar = (index, height) => `M${index * (BAR + GAP)} ${HEIGHT}v${-height}h${BAR}v${height}z`;
