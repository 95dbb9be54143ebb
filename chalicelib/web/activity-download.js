/** The download of the events of a search, as CSV. */

import { csvOf, saveCsv } from './csv.js';
import { whileBusy } from './dom.js';
import { plain, wordsOf } from './event-words.js';
import { errorToast, toast } from './notices.js';
import { counted, numbered } from './words.js';

const MOST_EVENTS = 5000;
const MOST_PAGES = 200;
// The marks around texts of people are for the page alone.
const ISOLATES = /[\u2066-\u2069]/g;

const HEAD = ['Time (UTC)', 'Type', 'What happened', 'Facts', 'Actor', 'Actor id', 'Actor name', 'User id', 'User name',
  'Token id', 'Token name', 'Address', 'User agent', 'Request id', 'Event id', 'Changes'];

/** Reads what a search finds, at most 5,000 events, and saves it as a file. A toast says if that is not all. */
export function downloadEvents(control, search, nameOf) {
  return whileBusy(control, async () => {
    try {
      const walk = await search.walk();
      while (!walk.isComplete && walk.items.length < MOST_EVENTS && walk.pages < MOST_PAGES) {
        await walk.more(MOST_EVENTS - walk.items.length);
      }
      const events = walk.items.slice(0, MOST_EVENTS);
      saveCsv('activity', csvOf(HEAD, events.map((event) => rowOf(event, nameOf))));
      const isAll = walk.isComplete && walk.items.length <= MOST_EVENTS;
      toast(isAll ? `${counted(events.length, 'event')} in the file.`
        : `The newest ${numbered(events.length)} events are in the file. Choose a shorter time for the others.`);
    } catch (problem) {
      errorToast(`Not downloaded: ${problem.message}`);
    }
  }, 'Downloading…');
}

/** Returns the cells of an event. */
export function rowOf(event, nameOf) {
  const { actor, user } = event;
  const { parts, facts } = wordsOf(event, { isAdmin: true, nameOf });
  return [event.at, event.type, plain(parts), facts, actor.kind, actor.id, actor.name, user?.id, user?.name,
    event.token_id, nameOf(event.token_id), actor.address, actor.user_agent, event.request_id, event.id,
    Object.keys(event.changes).length ? JSON.stringify(event.changes) : '']
    .map((cell) => (typeof cell === 'string' ? cell.replace(ISOLATES, '') : cell));
}
