/** What one part of the page tells the others: a token has changed, or the lists are stale. */

const bus = new EventTarget();

/** Tells that a token is now as `token` says. If that is not a token, it is read again. */
export const tellToken = (token) =>
  bus.dispatchEvent(token?.id ? new CustomEvent('token', { detail: token }) : new Event('stale'));

/** Tells that lists and counts must be read again, for example after a rotation. */
export const tellStale = () => bus.dispatchEvent(new Event('stale'));

/** Calls `listener(token)` when a token has changed. Returns a function that ends it. */
export function onToken(listener) {
  const call = (event) => listener(event.detail);
  bus.addEventListener('token', call);
  return () => bus.removeEventListener('token', call);
}

/** Calls `listener()` when lists and counts must be read again. Returns a function that ends it. */
export function onStale(listener) {
  bus.addEventListener('stale', listener);
  return () => bus.removeEventListener('stale', listener);
}
