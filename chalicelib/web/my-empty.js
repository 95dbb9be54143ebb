/** "My tokens" of a person who has none yet. */

import { base, limits } from './api.js';
import { codeExamples, sampleAddress } from './code-examples.js';
import { button, el } from './dom.js';
import { icon } from './icons.js';
import { announce, errorToast } from './notices.js';
import { idleTimeout } from './token-state.js';
import { numbered } from './words.js';

const RESULT = '{"auth": "token", "token_name": "my laptop",\n "scopes": ["api:read"]}';
const COMMENTS = { curl: '#', Python: '#', JavaScript: '//' };

/** Returns calls whose token is in the variable BODHI_TOKEN. */
function examples() {
  const url = sampleAddress();
  return {
    curl: `curl ${url} \\\n  -H "Authorization: Bearer $BODHI_TOKEN"`,
    Python: 'import os, urllib.request\n\n'
      + `request = urllib.request.Request("${url}",\n`
      + '    headers={"Authorization": "Bearer " + os.environ["BODHI_TOKEN"]})\n'
      + 'print(urllib.request.urlopen(request).read().decode())',
    JavaScript: `const response = await fetch('${url}', {\n`
      + '  headers: { Authorization: `Bearer ${process.env.BODHI_TOKEN}` },\n});\n'
      + 'console.log(await response.json());',
  };
}

/** Makes the panel: what a token is, one action, how a call looks, and what happens then. */
export function emptyState(generate) {
  const action = button('Generate New Token', generate,
    { kind: 'primary large', picture: icon('plus'), 'aria-haspopup': 'dialog' });
  const limit = limits.token_limit ? `Up to ${numbered(limits.token_limit)} tokens. ` : '';
  return el('div', { class: 'table empty-state' },
    el('div', { class: 'empty-start' },
      el('div', { class: 'empty-words' },
        el('h2', {}, 'Let a script call the API in your name'),
        el('p', {}, 'A token is a password for one script, job or tool. Give each its own, let it do only what it '
          + 'needs, and revoke it here when it is done.'),
        el('div', { class: 'empty-actions' }, action, el('a', { href: `${base}/docs` }, 'Read the docs')),
        el('p', { class: 'second' }, `${limit}Unused for ${idleTimeout()}, one goes idle.`)),
      codeExamples({ languages: Object.keys(examples()), lines: linesOf, copy }).element),
    el('ol', { class: 'empty-steps' }, ...stepsOf()));
}

function linesOf(language) {
  const quiet = (text) => el('span', { class: 'quiet-code' }, text);
  return [quiet(`${COMMENTS[language]} with your first token in BODHI_TOKEN\n`), examples()[language],
    quiet(`\n\n${RESULT}`)];
}

async function copy(language) {
  try {
    await navigator.clipboard.writeText(examples()[language]);
  } catch {
    errorToast('This browser does not let the page copy. Select the example and copy it.');
    return false;
  }
  announce('Copied.');
  return true;
}

function stepsOf() {
  const steps = [
    ['key-round', 'Generate', 'Choose what the token may do and where it works. It is shown once, so keep it where '
      + 'you keep passwords.'],
    ['activity', 'Use and watch', 'Send it with each call. This list then shows when and from where it was last used, '
      + 'and when it ends.'],
    ['ban', 'Revoke', 'Replace a token without a pause, or end it here. What still uses the old one is shown to you.'],
  ];
  return steps.map(([picture, title, text]) => (
    el('li', {}, icon(picture), el('h3', {}, title), el('p', { class: 'quiet-text' }, text))));
}
