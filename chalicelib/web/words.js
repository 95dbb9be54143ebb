/** The words that people read for the values and names of the API and of this page. No code depends on them. */

/** Returns a count with its noun: "1 day", "2 days". */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Statuses of tokens. */
export const TOKEN_STATUSES = {
  active: 'Active', inactive: 'Inactive', idle: 'Idle', expired: 'Expired', revoked: 'Revoked',
};

/** Reasons for which tokens are revoked, in the words for their owner. */
export const REVOCATION_REASONS = {
  owner: 'Revoked by you',
  admin: 'Revoked by an administrator',
  user_deactivated: 'Revoked when the account was deactivated',
  user_removed: 'Revoked when the account was removed',
  rotated: 'Rotated, ended',
  reuse: 'Revoked because a rotated token of its family was used',
  exposed: 'Found exposed and revoked',
};

/** Reasons that have other words for an administrator. */
export const REVOCATION_REASONS_OF_OTHERS = { owner: 'Revoked by its owner' };

/** Statuses of users. */
export const USER_STATUSES = { active: 'Active', inactive: 'Inactive', removed: 'Removed' };

/** Roles of users. */
export const ROLES = { user: 'User', admin: 'Administrator' };

/** Actions on a token or user, by the name that their buttons have in the page. */
export const ACTIONS = {
  edit: 'Edit',
  rotate: 'Rotate',
  pause: 'Pause',
  reactivate: 'Re-activate',
  revoke: 'Revoke',
  usage: 'Usage',
  tokens: 'Tokens',
  deactivate: 'Deactivate',
  remove: 'Remove',
};

/** Columns of the tables, by the name that they have in the page. */
export const COLUMNS = {
  name: 'Name',
  role: 'Role',
  status: 'Status',
  scopes: 'Scopes',
  created: 'Created',
  updated: 'Last updated',
  used: 'Last used',
  idle: 'Goes idle',
  expires: 'Expires',
  actions: 'Actions',
  usage: 'Usage',
};
