/**
 * Events in sentences: actor, verb, thing, "of" owner. A second line has the facts.
 *
 * A sentence is a list of parts. `{strong, token, user}` are names with the ids that they lead to, `{code}` are
 * networks, and `{quote}` are old names. Names stay parts of their own, because people chose them.
 */

import { changedFacts, changedWords, listed, memberFacts } from './event-changes.js';
import { SECOND, until, written } from './times.js';
import { ROLES, counted } from './words.js';

/** @typedef {string | {strong: string, token?: string, user?: string} | {code: string} | {quote: string}} Part */

/**
 * A reader. An administrator reads about other people too. `tokenId` is the token whose view it is. `nameOf(id)`
 * returns the name of a token, or "".
 *
 * @typedef {{isAdmin: boolean, tokenId?: string | null, nameOf?: (id: string) => string}} Reader
 */

/** @type {Record<string, [icon: string, tone: '' | 'warn' | 'danger']>} */
const PICTURES = {
  'token.created': ['key-round', ''],
  'token.changed': ['pencil', ''],
  'token.paused': ['pause', ''],
  'token.activated': ['play', ''],
  'token.rotated': ['refresh-cw', ''],
  'token.revoked': ['ban', 'danger'],
  'token.exposed': ['shield-alert', 'danger'],
  'token.reused': ['triangle-alert', 'warn'],
  'token.kept_alive': ['alarm-clock-check', ''],
  'token.idling': ['moon', 'warn'],
  'token.expiring': ['hourglass', 'warn'],
  'token.never_used': ['circle-dashed', ''],
  'user.created': ['user-check', ''],
  'user.role_changed': ['user-cog', ''],
  'user.deactivated': ['user-x', 'danger'],
  'user.activated': ['user-check', ''],
  'user.removed': ['trash', 'danger'],
  'user.tokens_revoked': ['ban', 'danger'],
  'user.identity_moved': ['users', ''],
  'key.published': ['fingerprint-pattern', ''],
  'key.activated': ['fingerprint-pattern', ''],
  'key.revoked': ['fingerprint-pattern', 'danger'],
};

/** The types of events, with a short name of each for a filter. */
export const EVENT_TYPES = {
  'token.created': 'Tokens generated',
  'token.changed': 'Tokens changed',
  'token.paused': 'Tokens paused',
  'token.activated': 'Tokens re-activated',
  'token.rotated': 'Tokens rotated',
  'token.revoked': 'Tokens revoked',
  'token.exposed': 'Tokens exposed',
  'token.reused': 'Old strings used',
  'token.kept_alive': 'Tokens kept alive',
  'token.idling': 'Tokens going idle',
  'token.expiring': 'Tokens expiring',
  'token.never_used': 'Tokens never used',
  'user.created': 'First sign-ins',
  'user.role_changed': 'Roles changed',
  'user.deactivated': 'Users deactivated',
  'user.activated': 'Users re-activated',
  'user.removed': 'Users removed',
  'user.tokens_revoked': 'All tokens revoked',
  'user.identity_moved': 'Identities moved',
  'key.published': 'Keys published',
  'key.activated': 'Keys activated',
  'key.revoked': 'Keys revoked',
};

/** The kinds of actors, with a name of each for a filter. */
export const ACTOR_KINDS = {
  person: 'People', token: 'Tokens', administrator: 'Administrators', operator: 'Operators', system: 'The system',
  reporter: 'Reporters of leaks',
};

const OF_OWNERS = { person: 'You', token: 'The token itself' };
const UNNAMED = {
  administrator: 'An administrator', operator: 'An operator', system: 'The system', person: 'A removed user',
  token: 'The token itself', reporter: 'A person who reported it',
};

/**
 * Returns an event in words for a reader. A type that is not known here is its own verb.
 *
 * @param {any} event
 * @param {Reader} reader
 * @returns {{icon: string, tone: '' | 'warn' | 'danger', parts: Part[], facts: string}}
 */
export function wordsOf(event, reader) {
  const [icon, tone] = PICTURES[event.type] ?? ['activity', ''];
  const told = tellers(event, reader);
  const parts = SENTENCES[event.type]?.(told) ?? [told.who, `: ${event.type}`];
  const isLimited = event.type === 'token.changed' && event.changes.allowed_networks;
  const facts = FACTS[event.type]?.(told) ?? [];
  const [line, second] = [parts.filter(Boolean), facts.filter(Boolean).join(' ')];
  return { icon: isLimited ? 'lock' : icon, tone, parts: line, facts: second };
}

/** Returns the sentence of parts as one text, for screen readers and files. */
export const plain = (parts) =>
  parts.map((part) => (typeof part === 'string' ? part : part.strong ?? part.code ?? `“${part.quote}”`)).join('');

/** Returns the actor of an event in words, for a reader. */
export function actorOf(event, reader) {
  const { kind, description } = event.actor;
  const unnamed = UNNAMED[kind] ?? description;
  if (!reader.isAdmin) return { strong: OF_OWNERS[kind] ?? unnamed };
  return NAMED[kind]?.(event, unnamed, reader) ?? { strong: unnamed };
}

/** @type {Record<string, (event: any, unnamed: string, reader: Reader) => Part>} */
const NAMED = {
  person,
  administrator: person,
  token: ({ actor, user }, unnamed, reader) =>
    ({ strong: reader.nameOf?.(actor.id) || unnamed, token: actor.id, user: user?.id }),
  // The name of an operator is an ARN. Its last part names the person or the session of the role.
  operator: ({ actor }, unnamed) => ({ strong: actor.id ? `Operator ${actor.id.split('/').at(-1)}` : unnamed }),
};

function person({ actor }, unnamed) {
  return { strong: actor.name || unnamed, user: actor.name ? actor.id : undefined };
}

/** Returns the parts that the sentences about an event are made of. */
function tellers(event, reader) {
  const { changes, actor, at } = event;
  const inView = Boolean(reader.tokenId);
  const owner = ownerOf(event);
  const isOwn = reader.isAdmin ? actor.id === owner.user : actor.kind === 'person';
  const [it, capital] = inView ? ['it', 'It'] : [thing(event, reader, 'token'), thing(event, reader, 'Token')];
  // The owner is not named twice, and not to the owner.
  const isNamed = reader.isAdmin && !inView && !isOwn;
  return {
    changes, inView, owner, isOwn, at, it, capital, kind: actor.kind, isSelf: actor.kind === 'token',
    who: actorOf(event, reader),
    of: isNamed ? [' of ', owner] : [],
    whose: reader.isAdmin ? owner : 'you',
    isSuccessor: inView && event.token_id !== reader.tokenId,
  };
}

const ownerOf = ({ user }) => ({ strong: user?.name || UNNAMED.person, user: user?.id });

function thing({ token_id: id, changes, user }, reader, word) {
  return { strong: reader.nameOf?.(id) || changes.name?.after || `${word} ${shortId(id)}`, token: id, user: user?.id };
}

const shortId = (id) => (id ? `${id.slice(0, 12)}…${id.slice(-5)}` : '');

const said = (verb) => ({ who, it, of }) => [who, ` ${verb} `, it, ...of];

/** @type {Record<string, (told: any) => Part[]>} */
const SENTENCES = {
  'token.created': said('generated'),
  'token.changed': (told) => changedWords(told),
  'token.paused': said('paused'),
  'token.activated': said('re-activated'),
  'token.rotated': rotated,
  'token.revoked': ({ who, it, of, isSelf }) =>
    (isSelf ? [who, ...of, ' revoked itself'] : [who, ' revoked ', it, ...of]),
  'token.exposed': ({ capital, of }) => [capital, ...of, ' was found exposed and revoked'],
  'token.reused': ({ it, inView, of }) =>
    ['Something used the old string', ...(inView ? [] : [' of ', it, ...of])],
  'token.kept_alive': ({ who, it, of }) => [who, ' kept ', it, ...of, ' alive'],
  'token.idling': (told) => [told.capital, ...told.of, ` goes idle in ${daysLeft(told)}`],
  'token.expiring': (told) => [told.capital, ...told.of, ` expires in ${daysLeft(told)}`],
  'token.never_used': ({ capital, of }) => [capital, ...of, ' was never used'],
  'user.created': ({ owner, who, isOwn }) => [isOwn ? who : owner, ' signed in for the first time'],
  'user.role_changed': ({ who, whose, changes, isOwn }) => {
    const role = changes.role?.after === 'admin' ? 'an administrator' : 'a user';
    return isOwn ? [who, ` signed in as ${role}`] : [who, ' made ', whose, ` ${role}`];
  },
  'user.deactivated': aboutUser('deactivated'),
  'user.activated': ({ who, whose, isOwn }) =>
    (isOwn ? [who, ' signed in again after the removal'] : [who, ' re-activated ', whose]),
  'user.removed': aboutUser('removed'),
  'user.tokens_revoked': ({ who, whose, isOwn }) =>
    (isOwn ? [who, ' revoked all tokens'] : [who, ' revoked all tokens of ', whose]),
  'user.identity_moved': ({ who, whose }) => [who, ' moved ', whose, ' to another identity'],
  'key.published': aboutKey('published'),
  'key.activated': aboutKey('let', ' sign from now on'),
  'key.revoked': aboutKey('revoked'),
};

function rotated({ who, it, of, isSelf, inView, isSuccessor }) {
  if (isSuccessor) return [who, ' rotated; this one took over'];
  if (isSelf) return [who, ...of, inView ? ' rotated' : ' rotated itself'];
  return [who, ' rotated ', it, ...of];
}

function aboutUser(verb) {
  return ({ who, whose }) => [who, ` ${verb} `, whose];
}

function aboutKey(verb, rest = '') {
  return ({ who, changes }) => [who, ` ${verb} signing key `, { code: String(changes.kid?.after ?? 'unknown') }, rest];
}

const daysLeft = ({ changes }) => counted(Number(changes.days_left?.after ?? 0), 'day');

const moment = (iso) => (iso ? written(iso, 'moment') : '');

/** @type {Record<string, string>} */
const REASONS = {
  rotated: 'Its overlap was ended early.',
  reuse: 'A token of its line was used after it had ended.',
  exposed: 'It was found exposed.',
};
const KEY_USES = { 'api-token': 'It signs API tokens.', 'access-token': 'It signs access tokens.' };

/** @type {Record<string, (told: any) => string[]>} */
const FACTS = {
  'token.created': ({ changes }) => [memberFacts(changes)],
  'token.changed': (told) => changedFacts(told),
  'token.rotated': ({ changes, at }) => [overlap(changes.overlap_ends_at?.after, at)],
  'token.revoked': ({ changes }) => [REASONS[changes.revoked_reason?.after]],
  'token.exposed': ({ kind }) => [kind === 'reporter' ? 'A person or a program reported it.' : ''],
  'token.reused': () => ['The use was refused.'],
  'token.idling': ({ changes }) => [`On ${moment(changes.idle_at?.after)}, unless it is used before.`],
  'token.expiring': ({ changes }) => [`On ${moment(changes.expires_at?.after)}.`],
  'token.never_used': () => ['For 30 days since it was generated.'],
  'user.created': ({ changes }) => [changes.role?.after === 'admin' && 'As an administrator.'],
  'user.role_changed': ({ changes }) => [changes.role?.before && `Before: ${ROLES[changes.role.before]}.`],
  'user.deactivated': ({ changes }) => [changes.tokens_revoked && 'The tokens are revoked.'],
  'user.activated': ({ changes }) =>
    [changes.tokens_revoked ? 'The tokens from before are revoked.' : 'The tokens from before work again.'],
  'user.removed': () => ['The tokens are revoked.'],
  'user.identity_moved': ({ changes }) =>
    ['issuer', 'subject_claim', 'subject'].filter((name) => changes[name]).map((name) =>
      `Before: ${listed(changes[name].before)}. Now: ${listed(changes[name].after)}.`),
  'key.published': ({ changes }) => [KEY_USES[changes.use?.after]],
  'key.activated': ({ changes }) => [KEY_USES[changes.use?.after]],
  'key.revoked': () => ['Everything that it signed is refused.'],
};

function overlap(end, at) {
  if (!end || Date.parse(end) - Date.parse(at) < SECOND) return 'The old string stopped at once.';
  return `The old string ${until(end) > 0 ? 'works' : 'worked'} until ${moment(end)}.`;
}
