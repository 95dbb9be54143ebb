/** The details of one event: all that is recorded. */

import { address, hrefOf } from './address.js';
import { closeButton, openDialog } from './dialogs.js';
import { bdi, el, spoken } from './dom.js';
import { eventWords } from './event-line.js';
import { actorOf, plain, wordsOf } from './event-words.js';
import { icon } from './icons.js';
import { errorToast, toast } from './notices.js';
import { written } from './times.js';
import { ROLES, USER_STATUSES } from './words.js';

const MEMBERS = {
  name: 'Name', description: 'Description', scopes: 'Scopes', state: 'State', allowed_networks: 'Networks',
  expires_at: 'Expires', overlap_ends_at: 'Overlap ends', revoked_reason: 'Reason', predecessor_id: 'Replaces',
  successor_id: 'Replaced by', status: 'Status', role: 'Role', issuer: 'Issuer', subject_claim: 'Claim of the subject',
  subject: 'Subject', tokens_revoked: 'Tokens revoked', idle_at: 'Idle', days_left: 'Days left', kid: 'Key', use: 'Use',
};

/** @type {Record<string, Record<string, string>>} */
const WORDS = {
  state: { active: 'Active', inactive: 'Paused', revoked: 'Revoked' },
  status: USER_STATUSES,
  role: ROLES,
  revoked_reason: {
    owner: 'By its owner', admin: 'By an administrator', user_deactivated: 'With the account',
    user_removed: 'With the account', rotated: 'By rotation', reuse: 'Its line was reused', exposed: 'It was exposed',
  },
};

const TIMES = ['expires_at', 'overlap_ends_at', 'idle_at'];

/** Opens the details of an event. `nameOf(id)` returns the name of a token. */
export function openDetails(event, { nameOf, refocus }) {
  const reader = { isAdmin: true, nameOf };
  const words = wordsOf(event, reader);
  const facts = factsOf(event, reader);
  openDialog({
    title: eventWords(words.parts, { tag: 'span' }),
    lede: words.facts,
    size: 'generate',
    hasClose: true,
    body: [el('dl', { class: 'details' }, ...facts.filter(([, value]) => value).map(([term, value]) =>
      el('div', {}, el('dt', {}, term), el('dd', {}, value)))), changesOf(event.changes)],
    actions: [closeButton('Close', { autofocus: true })],
    refocus,
  });
}

/** Returns the members of an event as pairs of a term and a value. Members that are null have no value. */
function factsOf(event, reader) {
  const { actor, user } = event;
  return [
    ['When', written(event.at, 'exact')],
    ['Type', el('code', {}, event.type)],
    ['Actor', el('span', {}, `${capital(actor.description)}`, ...named(plain([actorOf(event, reader)]), actor))],
    idFact('Actor id', [user?.id, event.token_id].includes(actor.id) ? null : actor.id),
    ['User', user && userLink(user)],
    idFact('User id', user?.id),
    ['Token', event.token_id && tokenLink(event, reader.nameOf)],
    idFact('Token id', event.token_id),
    ['From', actor.address && el('code', {}, actor.address)],
    ['Program', actor.user_agent && bdi(actor.user_agent, { class: 'mono' })],
    idFact('Request id', event.request_id),
    idFact('Event id', event.id),
  ];
}

const idFact = (term, id) => [term, id && idOf(id, term.toLowerCase())];

const named = (name, { id, kind }) => (id && kind !== 'token' ? [', ', bdi(name)] : []);

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function userLink({ id, name }) {
  const link = { href: hrefOf({ view: 'users', q: id }), 'data-local': '', 'data-close': '' };
  return name ? el('a', link, bdi(name)) : 'A removed user';
}

function tokenLink({ token_id: id, user }, nameOf) {
  const href = hrefOf({ ...address(), token: id, owner: user.id });
  return el('a', { href, 'data-local': '', 'data-close': '' }, bdi(nameOf(id) || 'Open it'));
}

function idOf(id, what) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(id);
      toast(`${capital(what)} copied.`);
    } catch {
      errorToast(`Your browser does not let this page copy. The ${what} is ${id}`);
    }
  };
  return el('span', { class: 'with-copy' }, el('code', {}, id),
    el('button', { type: 'button', class: 'icon-button', 'aria-label': `Copy ${what}`, onclick: copy }, icon('copy')));
}

/** Makes a table of the members that changed, or returns null. */
function changesOf(changes) {
  const rows = Object.entries(changes).map(([name, { before, after }]) => el('tr', {},
    el('th', { scope: 'row' }, MEMBERS[name] ?? name), el('td', {}, valueOf(name, before)),
    el('td', {}, valueOf(name, after))));
  if (!rows.length) return null;
  const head = ['Changed', 'Before', 'Now'].map((word) => el('th', { scope: 'col' }, word));
  return el('div', { class: 'changes', tabindex: '0', role: 'region', 'aria-label': 'Changed members' },
    el('table', {}, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...rows)));
}

function valueOf(name, value) {
  const isEmpty = value === null || value === '' || value?.length === 0;
  if (isEmpty) return el('span', { class: 'second' }, el('span', { 'aria-hidden': 'true' }, '–'), spoken('nothing'));
  if (Array.isArray(value)) return el('span', { class: 'mono' }, value.join(', '));
  if (value === true) return 'Yes';
  return value === false ? 'No' : bdi(wordsFor(name, value));
}

function wordsFor(name, value) {
  return TIMES.includes(name) ? written(value, 'exact') : WORDS[name]?.[value] ?? String(value);
}
