/** Calls to the server, and what it answers when it refuses. */

const page = document.body.dataset;
const TIMEOUT_MILLISECONDS = 30_000;
const UNREACHABLE = 'The server could not be reached. Check your connection and try again.';
const SIGNED_OUT = 'Your session has ended. Sign in again, then retry.';
const UNREADABLE = 'The server gave an answer that this page does not understand. Try again.';

let csrfToken = page.csrfToken;
let sessionEnded = () => {};

/** Why a call did not do what was asked: the server's problem document (RFC 9457), or no answer (status 0). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, detail?: string, requestId?: string}} [document] the server's problem document
   */
  constructor(status, document = {}) {
    // The server's words for this one speak to clients of the API, which send a JWT.
    const detail = document.code === 'not_authenticated' ? SIGNED_OUT : document.detail;
    super((detail || (status ? UNREADABLE : UNREACHABLE)) + reference(document));
    this.status = status;
    this.code = document.code || '';
  }
}

/** Who is signed in, as GET /v1/me says it. */
export const me = JSON.parse(page.user || '{}');

/** The scopes that my tokens may have: name to description, and whether one without named scopes gets it. */
export const scopes = JSON.parse(page.scopes || '{}');

/** The prefix of all our paths. */
export const base = page.base;

/** Sets what happens when a call finds that nobody is signed in any more. */
export function onSessionEnd(listener) {
  sessionEnded = listener;
}

/**
 * Calls the server and returns `{data, etag}`; throws a Problem.
 * @param {string} method
 * @param {string} path
 * @param {{body?: object, headers?: Record<string, string>}} [options] the JSON body and more headers
 */
export async function call(method, path, { body, headers = {} } = {}) {
  let answer = await send(method, path, body, headers);
  // Signed in anew in another tab: the cookie is the new session's, the CSRF token still the old one's.
  if (answer.status === 403 && answer.document?.code === 'cross_site_request' && (await renewSession())) {
    answer = await send(method, path, body, headers);
  }
  if (answer.ok) return { data: answer.document, etag: answer.etag };
  if (answer.status === 401) sessionEnded();
  throw new Problem(answer.status, answer.document ?? undefined);
}

/** Takes over the session that the browser has by now; false if there is none. */
export async function renewSession() {
  /** @type {RequestInit} */
  const options = { credentials: 'same-origin', redirect: 'manual', cache: 'no-store' };
  const response = await fetch(`${base}/settings/api-tokens`, options).catch(() => null);
  if (!response?.ok) return false;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').body.dataset;
  if (!fresh.csrfToken) return false;
  if (JSON.parse(fresh.user).id !== me.id) {
    // Somebody else: nothing that is on this page is theirs.
    location.reload();
    return false;
  }
  csrfToken = fresh.csrfToken;
  return true;
}

async function send(method, path, body, more) {
  const headers = { Accept: 'application/json', ...more };
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

/** The server asks to report it where it has no better words. */
const reference = ({ code = '', requestId = '' }) =>
  (code === 'internal_error' && requestId ? ` Request id: ${requestId}` : '');

async function read(response) {
  const text = await response.text();
  const etag = response.headers.get('ETag');
  const answer = { ok: response.ok, status: response.status, etag, document: null };
  try {
    answer.document = text ? JSON.parse(text) : null;
    if (!response.ok) answer.document.requestId = response.headers.get('x-amzn-RequestId');
  } catch {
    answer.ok = false;
  }
  return answer;
}
