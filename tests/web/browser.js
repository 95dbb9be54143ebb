/** The parts of a browser that the modules under test use. */

let loads = 0;

/** Loads a module again, as a page with these data attributes loads it. */
export async function load(module, dataset = {}) {
  globalThis.document = { body: { dataset } };
  loads += 1;
  return import(`../../chalicelib/web/${module}?${loads}`);
}

/** Lets the server return these responses, one for each call. Returns the recorded calls. */
export function server(...responses) {
  const calls = [];
  globalThis.fetch = async (url, options) => {
    calls.push({ url, ...options });
    const { status = 200, body = null, headers = {} } = responses.shift() ?? {};
    if (!status) throw new TypeError('Failed to fetch');
    const text = typeof body === 'string' || body === null ? body : JSON.stringify(body);
    return new Response(text, { status, headers });
  };
  return calls;
}
