/** Calls of the server, and the errors that it returns. */

import { SECOND, duration } from './times.js';

const page = document.body.dataset;
const TIMEOUT_MILLISECONDS = 30_000;
// The server's sentence says "try again" already. Only a long wait needs a time.
const LONG_WAIT_SECONDS = 10;
const UNREACHABLE = 'The server could not be reached. Check your connection and try again.';
const SIGNED_OUT = 'Your session has ended. Sign in again, then retry.';
const UNREADABLE = 'The server sent a response that this page cannot read. Try again.';

let csrfToken = page.csrfToken;
let sessionEnded = () => {};

/** The reason why a call failed: the server's problem document (RFC 9457), or no response (status 0). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, detail?: string}} [document] the server's problem document
   * @param {{requestId?: string | null, retryAfter?: number | null}} [headers] `retryAfter` in seconds
   */
  constructor(status, document = {}, { requestId = null, retryAfter = null } = {}) {
    const { code = '', detail } = document;
    const words = typeof detail === 'string' ? detail : status ? UNREADABLE : UNREACHABLE;
    super(explained(code, words, requestId, retryAfter));
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** The signed-in user, as GET /v1/me returns it. */
export const me = JSON.parse(page.user || '{}');

/**
 * The scopes that the user's tokens may have, by name: `{title, description, includes, is_lowest, default}`.
 * `includes` are the names of the scopes that it grants too.
 */
export const scopes = JSON.parse(page.scopes || '{}');

/** The limits of the server: longest texts, lifetimes, overlaps, and the most tokens and networks. */
export const limits = JSON.parse(page.limits || '{}');

/** The prefix of all paths of this service. */
export const base = page.base;

/** True if the user is an administrator. */
export const isAdmin = me.role === 'admin';

/** Returns the path of a token: the user's own one, or that of another user. */
export function tokenPath(id, ownerId = null) {
  const owner = ownerId ? `/v1/users/${encodeURIComponent(ownerId)}` : '/v1';
  return `${owner}/tokens/${encodeURIComponent(id)}`;
}

/** Sets the function that is called when a call finds that the session has ended. */
export function onSessionEnd(listener) {
  sessionEnded = listener;
}

/**
 * Calls the server and returns `{data, etag}`. Throws a Problem.
 * @param {string} method
 * @param {string} path
 * @param {{body?: object, headers?: Record<string, string>}} [options] the JSON body and more headers
 */
export async function call(method, path, { body, headers = {} } = {}) {
  let response = await send(method, path, body, headers);
  // If the user signed in again in another tab, the cookie is new but the CSRF token is old.
  if (isRefused(response, 'cross_site_request') && (await renewSession())) {
    response = await send(method, path, body, headers);
  }
  if (isWhole(method, response)) return { data: response.document, etag: response.etag };
  // Nothing on this page belongs to the person who signed in meanwhile.
  if (isRefused(response, 'session_changed')) location.reload();
  if (response.status === 401) sessionEnded();
  throw new Problem(response.status, response.document ?? undefined, response);
}

/** Takes over the session that the browser has now. Returns false if it has none of the same user. */
export async function renewSession() {
  /** @type {RequestInit} */
  const options = { credentials: 'same-origin', redirect: 'manual', cache: 'no-store' };
  const response = await fetch(`${base}/settings/api-tokens`, options).catch(() => null);
  if (!response?.ok) return false;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').body.dataset;
  if (!fresh.csrfToken) return false;
  if (JSON.parse(fresh.user).id !== me.id) {
    // Nothing on this page belongs to the other user.
    location.reload();
    return false;
  }
  csrfToken = fresh.csrfToken;
  return true;
}

/** Returns whether a response has the document that its reader expects. Only a change may return nothing. */
const isWhole = (method, { ok, status, document }) =>
  ok && (document === null ? status === 204 && method !== 'GET' : typeof document === 'object');

const isRefused = ({ ok, document }, code) => !ok && document?.code === code;

function explained(code, detail, requestId, retryAfter) {
  // The server's sentence for this code is for clients of the API, which send a JWT.
  const sentences = [code === 'not_authenticated' ? SIGNED_OUT : detail];
  if (retryAfter > LONG_WAIT_SECONDS) sentences.push(`You can retry in about ${duration(retryAfter * SECOND)}.`);
  // The server asks people to report this id.
  if (code === 'internal_error' && requestId) sentences.push(`Request id: ${requestId}`);
  return sentences.join(' ');
}

async function send(method, path, body, more) {
  const headers = { Accept: 'application/json', 'X-Expected-User': me.id, ...more };
  if (method !== 'GET') headers['X-CSRF-Token'] = csrfToken;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await read(await fetch(base + path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    }));
  } catch {
    throw new Problem(0);
  }
}

/** Reads a response. If its body is not JSON, it is a failure without a document. */
async function read(response) {
  const text = await response.text();
  const get = (name) => response.headers.get(name);
  const result = { ok: response.ok, status: response.status, etag: get('ETag'), document: null,
    requestId: get('x-amzn-RequestId'), retryAfter: secondsOf(get('Retry-After')) };
  try {
    result.document = text ? JSON.parse(text) : null;
  } catch {
    result.ok = false;
  }
  return result;
}

/** Returns the seconds of a Retry-After header, or null. The server never sends a date. */
const secondsOf = (header) => (/^\d+$/.test(header ?? '') ? Number(header) : null);
