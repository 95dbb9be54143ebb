/** "Activity": who changed what, when and from where, for administrators. */

import { downloadEvents } from './activity-download.js';
import { openDetails } from './activity-details.js';
import { ActivityFeed } from './activity-feed.js';
import { ActivityFilters } from './activity-filters.js';
import { EventSearch } from './activity-source.js';
import { address, go } from './address.js';
import { limits } from './api.js';
import { onStale } from './changes.js';
import { button, el } from './dom.js';
import { icon } from './icons.js';
import { errorToast } from './notices.js';
import { searchField } from './search-field.js';
import { TokenNames } from './token-names.js';

const ASKED = ['q', 'type', 'actor', 'since', 'until'];

/** Makes the view. */
export function createActivity(place) {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const names = new TokenNames((id) => feed.rename(id));
  const search = () => new EventSearch(address(), limits.audit_days, names.of);
  const feed = new ActivityFeed({
    names,
    open: (event) => openDetails(event, { nameOf: names.of, refocus: () => feed.focus(event.id) }),
    again: () => feed.show(search()),
  });
  const field = searchField({
    label: 'Person, token, or request id',
    search: (q) => go({ q }, { replace: true }),
    // The string of a token leads to the events of its token.
    pasted: (id) => (id ? go({ q: id }) : errorToast('This is not the string of a token.')),
  });
  const filters = new ActivityFilters(go, `Times in ${zone} · kept ${limits.audit_days} days`);
  const download = button('Download CSV', (event) => downloadEvents(event.currentTarget, search(), names.of),
    { picture: icon('download'), 'data-download': '', 'aria-label': 'Download CSV' });
  place.append(
    el('div', { class: 'heading activity-heading' }, el('h1', {}, 'Activity'), field.element, download),
    el('div', { class: 'below-heading' }, filters.element, feed.element));

  let asked = null;
  const update = (members) => {
    filters.show(members);
    if (document.activeElement !== field.input) field.input.value = members.q ?? '';
    const now = JSON.stringify(ASKED.map((name) => members[name] ?? ''));
    // The open token is in the address too.
    if (now === asked) return;
    asked = now;
    feed.show(search());
  };
  onStale(() => { if (!place.hidden) feed.show(search()); });
  return { title: 'Activity', update, leave: () => { asked = null; } };
}
