/** The download of what "All tokens" finds, as CSV. */

import { csvOf, saveCsv } from './csv.js';
import { whileBusy } from './dom.js';
import { errorToast, toast } from './notices.js';
import { readPage } from './paging.js';
import { endOf, isEnded, nameOf } from './token-state.js';
import { Walk } from './walk.js';
import { counted, numbered } from './words.js';

const MOST_ROWS = 5000;
const MOST_PAGES = 200;
const AT_ONCE = 100;

const HEAD = ['Token id', 'Name', 'Description', 'Owner', 'Owner id', 'Status', 'Scopes', 'Networks', 'Created',
  'Last used', 'Last used from', 'Goes idle', 'Expires', 'Ended', 'Reason', 'Owner status'];

/** Reads what the queries find, at most 5,000 tokens, and saves it as a file. */
export function downloadAll(control, queries) {
  return whileBusy(control, async () => {
    const walk = new Walk(queries, load);
    try {
      while (!walk.isComplete && walk.items.length < MOST_ROWS && walk.pages < MOST_PAGES) {
        await walk.more(MOST_ROWS - walk.items.length);
      }
    } catch (problem) {
      errorToast(`Not downloaded: ${problem.message}`);
      return;
    }
    const tokens = walk.items.slice(0, MOST_ROWS);
    saveCsv('api-tokens', csvOf(HEAD, tokens.map(rowOf)));
    toast(walk.isComplete && walk.items.length <= MOST_ROWS ? `${counted(tokens.length, 'token')} in the file.`
      : `The first ${numbered(tokens.length)} tokens are in the file. Choose filters for the others.`);
  }, 'Downloading…');
}

function load(query) {
  const size = query.token_id ? {} : { limit: String(AT_ONCE) };
  return readPage('/v1/admin/tokens', 'tokens', { ...query, ...size });
}

/** Returns the cells of a token. Times are those of the API. */
const rowOf = (token) => [token.id, nameOf(token), token.description, token.owner.name, token.owner.id, token.status,
  token.scopes.join(' '), token.allowed_networks.join(' '), token.created_at, token.last_used_at ?? '',
  token.last_used_from ?? '', isEnded(token) ? '' : token.idle_at, token.expires_at ?? '',
  isEnded(token) ? endOf(token) : '', token.revoked_reason ?? '', token.owner.status ?? ''];
