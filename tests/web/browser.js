/** The few parts of a browser that the modules under test use. */

/** Returns the modules anew, as a page with these data attributes loads them. */
export async function load(module, dataset = {}) {
  globalThis.document = { body: { dataset } };
  loads += 1;
  return import(`../../chalicelib/web/${module}?${loads}`);
}

/** Answers each call with the next of these answers, and notes the calls. */
export function server(...answers) {
  const calls = [];
  globalThis.fetch = async (url, options) => {
    calls.push({ url, ...options });
    const { status = 200, body = null, headers = {} } = answers.shift() ?? {};
    if (!status) throw new TypeError('Failed to fetch');
    const text = typeof body === 'string' || body === null ? body : JSON.stringify(body);
    return new Response(text, { status, headers });
  };
  return calls;
}

let loads = 0;
