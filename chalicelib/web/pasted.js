/** Strings of tokens in text that was pasted into a search. They are read here and go nowhere else. */

// Chat programs and terminals add quotes, line breaks and invisible characters: all but what a token has.
const CLUTTER = /[^\w.-]+/g;
const PREFIX = /bodhi_/i;
const PARTS = /^[\w-]+\.([\w-]+)(?:\.|$)/;
// Without its prefix it is a JWT: all of them begin with "{" and a quote in base64url.
const BARE = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/;
// As in chalicelib/domain/leaks.py. Ordinary names may begin as a token does.
const HELD = /bodhi_eyJ[A-Za-z0-9-]+\.eyJ[\w-]+\.[\w-]/;
const JWS = /(?:^|[^\w-])(?=[\w-]*eyJ[\w-]{8})[\w-]+\.eyJ[\w-]{8,}\.[\w-]{8}/;
const JWE = /(?:^|[^\w-])eyJ[\w-]{17,}\.(?:[\w-]{8,})?\.[\w-]{8}/;
const ESCAPE = /%([0-9a-f]{2})/gi;
const TOKEN_ID = /^tok_[0-9a-hjkmnp-tv-z]{36}$/;

/** Returns whether a text holds the string of a token, or a part of one that must not leave the browser. */
export function hasToken(text) {
  const clean = cleaned(text);
  return PREFIX.test(clean) || BARE.test(clean) || holdsToken(text);
}

/**
 * Returns whether a text holds a token that the server would refuse in it, whole or cut within its signature.
 * It may be percent-encoded once or twice, split, or written in other characters.
 */
export function holdsToken(text) {
  const once = unescaped(text);
  return [text, once, unescaped(once)].some((each) => HELD.test(each) || JWS.test(cleaned(each)) || JWE.test(each));
}

/** Returns the id of the first token in a text, or null if no string is whole. Signatures are not checked. */
export function tokenIdIn(text) {
  const clean = cleaned(text);
  // The name of a variable may begin as a token does.
  const candidates = [...clean.split(PREFIX).slice(1), BARE.exec(clean)?.[0] ?? ''];
  const ids = candidates.map((each) => PARTS.exec(each)).map((parts) => parts && idOf(parts[1]));
  return ids.find((id) => typeof id === 'string' && TOKEN_ID.test(id)) ?? null;
}

const cleaned = (text) => text.normalize('NFKD').replace(CLUTTER, '');
const unescaped = (text) => text.replace(ESCAPE, (_, hex) => String.fromCharCode(parseInt(hex, 16)));

/** Returns the claim `jti` of a payload in base64url (RFC 7519, section 4.1.7), or null if it cannot be read. */
function idOf(payload) {
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))?.jti;
  } catch {
    return null;
  }
}
