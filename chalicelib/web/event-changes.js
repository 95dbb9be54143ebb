/** The members of a changed token in words, for the sentences about events. */

import { titleOf } from './token-state.js';
import { dayOf } from './times.js';
import { counted } from './words.js';

const MOST_LISTED = 3;
const [LONGEST, KEPT] = [80, 79];
const NAMES = { name: 'name', description: 'description', allowed_networks: 'networks' };

/** Returns the words for a value of an event: a text, a list, or "nothing". */
export function listed(value) {
  if (Array.isArray(value)) {
    const more = value.length - MOST_LISTED;
    return value.slice(0, MOST_LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '') || 'nothing';
  }
  return value === null || value === undefined || value === '' ? 'nothing' : isolated(shortened(String(value)));
}

/** Returns the facts about a new token: "Read, from anywhere, expires 26 Feb." */
export function memberFacts(changes) {
  const scopes = (changes.scopes?.after ?? []).map(titleOf);
  const networks = changes.allowed_networks?.after?.length ?? 0;
  const expiry = changes.expires_at?.after;
  const words = [...scopes.slice(0, MOST_LISTED), networks ? `from ${counted(networks, 'network')}` : 'from anywhere',
    expiry ? `expires ${dayOf(expiry)}` : 'no expiry'];
  const text = words.join(', ');
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

/** Returns the sentence about changed members of a token. */
export function changedWords({ who, it, of, inView, changes }) {
  const members = Object.keys(NAMES).filter((name) => changes[name]);
  if (members.length === 1) return [who, ...ONE[members[0]]({ it, of, inView, change: changes[members[0]] })];
  const words = members.map((name) => NAMES[name]).join(' and ');
  return [who, words ? ` changed the ${words} of ` : ' changed ', it, ...of];
}

/** @type {Record<string, (told: any) => any[]>} */
const ONE = {
  name: ({ it, of, inView, change }) => (inView
    ? [' renamed it from ', { quote: shortened(change.before || '') || 'nothing' }] : [' renamed ', it, ...of]),
  description: ({ it, of, inView }) => (inView ? [' described it anew'] : [' described ', it, ...of, ' anew']),
  allowed_networks: networkWords,
};

function networkWords({ it, of, inView, change }) {
  const [before, after] = [change.before ?? [], change.after ?? []];
  if (!after.length) return [' allowed ', it, ...of, ' from anywhere'];
  if (!before.length) return [' limited ', it, ...of, ` to ${counted(after.length, 'network')}`];
  if (!inView) return [' changed the networks of ', it, ...of];
  const removed = before.filter((each) => !after.includes(each));
  const added = after.filter((each) => !before.includes(each));
  return [' changed its networks: ', ...moved('removed', removed), removed.length && added.length ? ', ' : '',
    ...moved('added', added)];
}

function moved(verb, networks) {
  if (!networks.length) return [];
  return [`${verb} `, networks.length === 1 ? { code: networks[0] } : String(networks.length)];
}

/** Returns the values of changed members before and after. The view of a token has the short ones in its sentence. */
export function changedFacts({ changes, inView }) {
  const members = Object.keys(NAMES).filter((name) => changes[name]);
  if (inView && members.length === 1 && isSaid(members[0], changes[members[0]])) return [];
  const has = (name, value) => (name === 'allowed_networks' && !value?.length ? 'anywhere' : listed(value));
  return members.map((name) => {
    const { before, after } = changes[name];
    const label = members.length > 1 ? `${NAMES[name][0].toUpperCase()}${NAMES[name].slice(1)} before` : 'Before';
    return `${label}: ${has(name, before)}. Now: ${has(name, after)}.`;
  });
}

/** Returns whether the sentence of one changed member has the values already. */
function isSaid(name, { before, after }) {
  if (name !== 'allowed_networks') return name === 'name';
  const count = (one, other) => one.filter((each) => !other.includes(each)).length;
  return before.length > 0 && after.length > 0 && count(before, after) < 2 && count(after, before) < 2;
}

const shortened = (text) => ([...text].length > LONGEST ? `${[...text].slice(0, KEPT).join('')}…` : text);

// A text keeps its own direction, and its neighbours keep theirs (Unicode Standard Annex 9, section 2.4).
const isolated = (text) => `\u2068${text}\u2069`;
