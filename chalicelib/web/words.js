/** The words that people read for the values and names of the API and of this page. No code depends on them. */

/** Returns a number with separators: "1,204". */
export const numbered = (count) => count.toLocaleString('en');

/** Returns a count with its noun: "1 day", "2 days". `nouns` is for irregular ones. */
export const counted = (count, noun, nouns = `${noun}s`) =>
  `${typeof count === 'number' ? numbered(count) : count} ${count === 1 ? noun : nouns}`;

/** Reasons for which tokens are revoked, in the words for their owner. */
export const REVOCATION_REASONS = {
  owner: 'by you',
  admin: 'by an administrator',
  user_deactivated: 'with the account',
  user_removed: 'with the account',
  rotated: 'by rotation',
  reuse: 'its line was reused',
  exposed: 'and revoked',
};

/** Reasons that have other words for an administrator. */
export const REVOCATION_REASONS_OF_OTHERS = { owner: 'by its owner' };

/** Statuses of tokens, as filters of the API. */
export const TOKEN_STATUSES = {
  active: 'Active', inactive: 'Paused or stopped', idle: 'Idle', expired: 'Expired', revoked: 'Revoked',
};

/** Statuses of users. */
export const USER_STATUSES = { active: 'Active', inactive: 'Deactivated', removed: 'Removed' };

/** Roles of users. */
export const ROLES = { user: 'User', admin: 'Administrator' };
