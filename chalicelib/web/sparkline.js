/** The small picture of a token's last 30 days. It shows the rhythm of use, not the amount. */

import { svg } from './icons.js';

const [BAR, GAP, HEIGHT, LEAST] = [3, 1, 24, 2];

/** Makes the picture of the uses of each day. It is hidden from screen readers, because the cell has words. */
export function sparkline(days, { isGrey = false } = {}) {
  const most = Math.sqrt(Math.max(1, ...days));
  const width = days.length * (BAR + GAP) - GAP;
  const bars = days.map((uses, index) => {
    const height = uses ? Math.max(LEAST, Math.round((Math.sqrt(uses) / most) * HEIGHT)) : 1;
    return svg('rect', { x: index * (BAR + GAP), y: HEIGHT - height, width: BAR, height, rx: uses ? 0.75 : 0,
      class: uses ? 'used' : 'unused' });
  });
  return svg('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, class: isGrey ? 'sparkline grey' : 'sparkline',
    'aria-hidden': 'true', preserveAspectRatio: 'none' }, ...bars);
}
