/** What "All tokens" asks the API for: queries of the list, and the filter of a job. */

const TOKEN_ID = /^tok_[0-9a-hjkmnp-tv-z]{36}$/;
const USER_ID = /^usr_[a-z2-7]{32}$/;

/** The filters that are buttons: the value in the address, the words, the parameter of the API and its value. */
export const CHIPS = [
  { value: 'unused', word: 'Unused for 14 days', name: 'unused_days', given: 14 },
  { value: 'expiring', word: 'Expires within 7 days', name: 'expires_within_days', given: 7 },
  { value: 'idling', word: 'Idle within 7 days', name: 'idle_within_days', given: 7 },
  { value: 'no-expiry', word: 'Without expiry', name: 'without_expiry', given: true },
  { value: 'reused', word: 'Still used after rotation', name: 'reused', given: true },
  { value: 'refused', word: 'Refused', name: 'refused', given: true },
];

/** Returns the chosen chips of an address. */
export const chipsOf = ({ show = '' }) => CHIPS.filter(({ value }) => show.split(',').includes(value));

/** Returns the "show" of an address after a chip was pressed. */
export function toggled(show, value) {
  const chosen = new Set((show ?? '').split(',').filter(Boolean));
  if (!chosen.delete(value)) chosen.add(value);
  return CHIPS.filter((chip) => chosen.has(chip.value)).map((chip) => chip.value).join(',');
}

/**
 * Returns the queries of the list for an address. A text is looked for in the names of tokens, then in the owners,
 * because the API finds tokens that have both.
 */
export function queriesOf(address) {
  const filters = Object.fromEntries(Object.entries(properties(address)).map(([name, value]) => [name, String(value)]));
  const text = (address.q ?? '').trim();
  if (!text) return [filters];
  if (TOKEN_ID.test(text)) return [{ ...filters, token_id: text }];
  // Two owners are never one person.
  if (USER_ID.test(text) && !filters.owner) return [{ ...filters, owner: text }];
  const byName = { ...filters, q: text };
  return filters.owner ? [byName] : [byName, { ...filters, owner: text }];
}

/** Returns the filter of a job for an address, or null: a job has no filter for a text that names or owners have. */
export function jobFilterOf(address) {
  if ((address.q ?? '').trim()) return null;
  const filter = properties(address);
  return Object.keys(filter).length ? filter : { all: true };
}

/** Returns the chosen filters in words, for a sentence: "active, unused for 14 days". */
export function filterWords(address, statuses) {
  const status = Object.hasOwn(statuses, address.status ?? '') ? statuses[address.status] : '';
  const words = [status, ...chipsOf(address).map(({ word }) => word)].filter(Boolean);
  return words.map((word) => word.toLowerCase()).join(', ');
}

/** Returns whether an address filters or searches at all. */
export const isFiltered = (address) => Boolean(address.q || address.status || address.user || address.show);

function properties(address) {
  const chips = chipsOf(address).map(({ name, given }) => [name, given]);
  const { status, user: owner } = address;
  return { ...(status && { status }), ...(owner && { owner }), ...Object.fromEntries(chips) };
}
