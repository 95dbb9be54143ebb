/** One HTTP call of the token service: no redirects, bounded in time and size. */

import { TokenServiceUnavailable } from './errors.js';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
// A set of 1,000 keys has about 250 KB.
const MAX_BYTES = 524_288;

/** The token service at its `issuer`. `timeout` is in milliseconds, for a whole call. */
export class TokenService {
  #base;
  #timeout;

  /** Throws TypeError unless the issuer is an https URL, or an http URL of this machine. */
  constructor(issuer, timeout) {
    const url = URL.canParse(issuer) ? new URL(issuer) : null;
    const isLocal = url?.protocol === 'http:' && LOOPBACK.includes(url.hostname);
    if (!url || !(url.protocol === 'https:' || isLocal) || url.search || url.username) {
      throw new TypeError(`issuer must be an https URL, such as https://tokens.example.com: ${issuer}`);
    }
    if (!(timeout > 0)) throw new TypeError('timeout must be more than 0 milliseconds');
    this.#base = issuer.replace(/\/+$/, '');
    this.#timeout = timeout;
  }

  /** Return the JSON of a 200 response. Throws TokenServiceUnavailable for everything else. */
  async call(path, request = {}) {
    let status;
    let content;
    try {
      const signal = AbortSignal.timeout(this.#timeout);
      const response = await fetch(`${this.#base}${path}`, { ...request, redirect: 'error', signal });
      status = response.status;
      content = await boundedText(response);
    } catch (error) {
      throw new TokenServiceUnavailable(`The token service did not respond: ${error.name}.`);
    }
    if (status !== 200) {
      throw new TokenServiceUnavailable(`The token service responded to ${path} with ${status}.`);
    }
    try {
      return JSON.parse(content);
    } catch {
      // The response of a proxy may repeat the token.
      throw new TokenServiceUnavailable('The response of the token service is not valid JSON.');
    }
  }
}

async function boundedText(response) {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new RangeError('too long');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
