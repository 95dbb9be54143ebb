/** The scale of the chart of uses: round gridlines, and the days that are named below it. */

const MANTISSAS = [1, 2, 2.5, 3, 4, 5];
const [FEWEST, MOST] = [3, 4];
const MONDAY = 1;
// "Today" stands below the last day. A Monday beside it would touch it.
const NEAR_TODAY = 3;

/**
 * Returns the values of the gridlines above zero: three or four, the last one at or above `most`. Counts are whole,
 * so a chart of one or two uses has fewer.
 */
export function gridlines(most) {
  if (!most) return [];
  const steps = [];
  for (let power = 1; power <= most; power *= 10) steps.push(...MANTISSAS.map((mantissa) => mantissa * power));
  const fitting = steps.filter((step) => Number.isInteger(step) && lines(most, step) <= MOST)
    .sort((a, b) => topOf(most, a) - topOf(most, b) || b - a);
  const best = fitting.find((step) => lines(most, step) >= FEWEST) ?? 1;
  return Array.from({ length: lines(most, best) }, (_, index) => (index + 1) * best);
}

const lines = (most, step) => Math.ceil(most / step);

const topOf = (most, step) => lines(most, step) * step;

/** Returns the indexes of the days that are named: each Monday, or every second one if `isNarrow`, without the last. */
export function namedDays(dates, isNarrow) {
  const mondays = dates.map((date, index) => [new Date(date).getUTCDay(), index])
    .filter(([weekday, index]) => weekday === MONDAY && index < dates.length - NEAR_TODAY)
    .map(([, index]) => index);
  return isNarrow ? mondays.filter((_, place) => place % 2 === 0) : mondays;
}

/** Returns the sum of the uses and the index of the busiest day, the later one of two. -1 stands for no use. */
export function totals(uses) {
  const most = Math.max(0, ...uses);
  return { sum: uses.reduce((sum, each) => sum + each, 0), most, busiest: most ? uses.lastIndexOf(most) : -1 };
}
