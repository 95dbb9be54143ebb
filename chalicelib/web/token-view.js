/** A token's own view: loaded when the address names a token for the first time. */

let opened = null;

/** Shows the token that the address names, or closes the view. */
export async function showToken(address) {
  if (!address.token && !opened) return;
  opened ??= import('./token-panel.js');
  // The code that could not be loaded now may be loaded the next time.
  opened.catch(() => { opened = null; });
  const { showPanel } = await opened;
  showPanel();
}
