/** The shapes of responses: the members that the page reads without a look. */

import { Problem } from './api.js';

const isText = (value) => typeof value === 'string';
const isNumber = (value) => typeof value === 'number';
const isThing = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isMoment = (value) => isText(value) && !Number.isNaN(Date.parse(value));
const listOf = (isFit) => (value) => Array.isArray(value) && value.every(isFit);
const ifGiven = (isFit) => (value) => value === undefined || value === null || isFit(value);

/** Returns a function that tells whether a value is an object whose members fit. Others may have any value. */
const thingWith = (members) => {
  const checks = Object.entries(members);
  return (value) => isThing(value) && checks.every(([name, isFit]) => isFit(value[name]));
};

/** Returns the same check for several members. */
const each = (names, isFit) => Object.fromEntries(names.split(' ').map((name) => [name, isFit]));

/** Returns whether a value is a token. */
export const isToken = thingWith({
  ...each('id name description status', isText),
  ...each('created_at idle_at', isMoment),
  ...each('updated_at last_used_at expires_at revoked_at overlap_ends_at last_reused_at effective_by',
    ifGiven(isMoment)),
  ...each('predecessor_id successor_id last_used_from revoked_reason', ifGiven(isText)),
  ...each('scopes allowed_networks', listOf(isText)),
  usage: ifGiven(listOf(isNumber)),
  networks: ifGiven(listOf(thingWith({ network: isText, last_used_at: isMoment, at_least: isNumber }))),
  refused: thingWith({ count: isNumber, last_at: ifGiven(isMoment) }),
  owner: ifGiven(thingWith({ id: isText })),
});

/** Returns whether a value is a token of the list that names owners. */
export const isOwnedToken = (value) => isToken(value) && isThing(value.owner);

/** Returns whether a value is a page of that list. */
export const isOwnedTokens = thingWith({ tokens: listOf(isOwnedToken) });

/** Returns whether a value is a user. */
export const isUser = thingWith({
  ...each('id status subject', isText),
  ...each('name email issuer role', ifGiven(isText)),
  live_tokens: ifGiven(isNumber),
  last_signed_in_at: ifGiven(isMoment),
});

/** Returns whether a value is an event. */
export const isEvent = thingWith({
  ...each('id type', isText),
  at: isMoment,
  actor: thingWith(each('kind description', isText)),
  changes: (value) => isThing(value) && Object.values(value).every(isThing),
  user: ifGiven(isThing),
});

/** Returns whether a value is the summary of the user's own tokens. */
export const isSummary = thingWith({
  ...each('total live limit not_ended ended used_in_30_days', isNumber),
  ...each('expiring idling never_used used_in_overlap used_after_overlap exposed refused',
    thingWith({ count: isNumber, at: ifGiven(isMoment) })),
  statuses: thingWith(each('inactive idle', isNumber)),
});

/** Returns whether a value is the summary of another user's tokens, as far as the questions need it. */
export const isCounts = thingWith(each('not_ended used_in_30_days', isNumber));

/** Returns whether a value is a count. */
export const isCount = thingWith({ count: isNumber });

/** Returns whether a value is a job. */
export const isJob = thingWith({
  ...each('id status', isText),
  counts: thingWith(each('tokens people already_revoked not_found failed', isNumber)),
  progress: thingWith({ done: isNumber, total: ifGiven(isNumber) }),
});

/** Returns whether a value is the use of a token by days. */
export const isUsage = thingWith({ days: listOf(thingWith({ date: isMoment, at_least: isNumber })) });

/**
 * Returns a function that passes on a response of `call` if its data fit, and throws a Problem otherwise.
 * @param {(data: any) => boolean} isFit
 */
export const fitting = (isFit) => (response) => {
  if (!isFit(response.data)) throw new Problem(200);
  return response;
};
