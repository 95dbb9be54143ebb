/** The actions of a token's owner. */

/** Returns the items of the menu of a token. */
export function menuItems(token) {
  return [{ label: 'Open', icon: 'panel-right-open', run: () => token }, null,
    { label: 'Revoke…', icon: 'ban', isDanger: true, run: () => {} }];
}
