/** When "My tokens" is read again: at a return to the tab, after a change in another tab, and back online. */

import { base } from './api.js';
import { onStale, onToken } from './changes.js';
import { SECOND } from './times.js';

const LEAST_AGE = 30 * SECOND;

/** Keeps `data` up to date while `isShown()`. Other tabs tell only that something has changed. */
export function keepRead(data, isShown) {
  let isOld = false;
  const read = () => {
    isOld = false;
    data.renew();
  };
  const look = () => {
    const isDue = isOld || Date.now() - data.triedAt >= LEAST_AGE;
    if (isDue && isShown() && document.visibilityState === 'visible') read();
  };
  const tabs = new BroadcastChannel(`bodhi-tokens ${base}`);
  const tell = () => tabs.postMessage('changed');
  tabs.addEventListener('message', () => {
    isOld = true;
    look();
  });
  onToken(tell);
  onStale(tell);
  window.addEventListener('focus', look);
  document.addEventListener('visibilitychange', look);
  window.addEventListener('online', read);
  window.addEventListener('offline', read);
}
