/** The new token, shown once: masked, ready to copy, with examples. Every way out is guarded until it was copied. */

import { Problem } from './api.js';
import { codeExamples, sampleAddress } from './code-examples.js';
import { openDialog } from './dialogs.js';
import { bdi, button, el } from './dom.js';
import { icon } from './icons.js';
import { announce } from './notices.js';
import { nameOf } from './token-state.js';

const COPIED_MILLISECONDS = 2000;
const SHOWN_CHARACTERS = 16;
const MASK = '••••••••••••••••••••••••';
const ONCE = 'This is the only time it is shown. Keep it where you keep passwords.';
const notCopied = () => [el('strong', {}, 'You have not copied it.'), ' Once this closes it cannot be shown again.'];

/** Throws a Problem if a response has no string of a token: there is nothing to show then. */
export function checkCreated(data) {
  if (typeof data?.token !== 'string') throw new Problem(201);
}

/** Shows a token that was just created. `summary` says in words what it may do. */
export function showCreated(token, summary) {
  return new Created(token, summary).dialog;
}

class Created {
  #secret;
  #isCopied = false;
  #isLeaving = false;
  #field = /** @type {HTMLInputElement} */ (el('input', { class: 'input mono', id: 'new-token', readonly: true,
    autocomplete: 'off', spellcheck: 'false', 'data-1p-ignore': '', 'data-lpignore': 'true' }));
  #eye = el('button', { type: 'button', class: 'button large', 'aria-controls': 'new-token' });
  #copy = button('Copy token', () => this.#copyToken(), { kind: 'primary large', picture: icon('copy') });
  #note = el('div', { class: 'note', role: 'status' });
  #state = el('span', { role: 'status' });
  #examples;
  #ending = new AbortController();

  constructor(token, summary) {
    this.#secret = token.token;
    this.#examples = codeExamples({
      languages: Object.keys(examplesOf('')),
      lines: (language) => withQuiet(examplesOf(this.#field.value)[language], this.#field.value),
      copy: (language) => this.#copyText(examplesOf(this.#secret)[language]),
    });
    this.dialog = openDialog({
      title: el('span', {}, token.name ? bdi(nameOf(token)) : 'Your token', ' is ready'),
      lede: summary,
      size: 'created',
      body: [this.#note,
        el('div', { class: 'field' }, el('label', { for: 'new-token', class: 'label' }, 'Token'),
          el('div', { class: 'secret' }, this.#field, this.#eye, this.#copy)),
        el('div', { class: 'field' }, el('h3', {}, 'Try it'), this.#examples.element)],
      aside: this.#state,
    });
    this.#eye.addEventListener('click', () => this.#show(this.#field.value !== this.#secret));
    // Copying by hand counts too, if the field shows the token.
    this.#field.addEventListener('copy', () => { if (this.#field.value === this.#secret) this.#tellCopied(); });
    this.#show(false);
    this.#render();
    this.#guard();
    this.#copy.focus();
  }

  #show(isShown) {
    this.#field.value = isShown ? this.#secret : masked(this.#secret);
    this.#eye.setAttribute('aria-label', isShown ? 'Hide token' : 'Show token');
    this.#eye.replaceChildren(icon(isShown ? 'eye-off' : 'eye'));
    this.#examples.update();
  }

  /** Shows the note and the footer that fit: not copied, copied, or about to leave without it. */
  #render() {
    const isWarning = this.#isLeaving && !this.#isCopied;
    this.#note.className = isWarning ? 'note danger' : 'note warn';
    this.#note.replaceChildren(icon(isWarning ? 'triangle-alert' : 'eye-off'),
      el('p', {}, ...(isWarning ? notCopied() : [ONCE])));
    this.#state.textContent = this.#isCopied ? 'Copied' : isWarning ? '' : 'Not copied yet';
    const actions = isWarning
      ? [button('Close without it', () => this.#close(), { kind: 'quiet' }),
        button('Copy token and close', () => this.#copyAndClose(), { kind: 'primary', picture: icon('copy') })]
      : [button('Done', () => this.#leave())];
    this.dialog.querySelector('.actions').replaceChildren(...actions);
    this.#copy.classList.toggle('primary', !isWarning);
    return actions.at(-1);
  }

  /** Lets nothing close the dialog without a question until the token was copied. */
  #guard() {
    const { signal } = this.#ending;
    this.dialog.addEventListener('cancel', (event) => this.#refuse(event));
    // A second Esc closes a dialog even if "cancel" was prevented, unless the key itself was prevented.
    this.dialog.addEventListener('keydown', (event) => { if (event.key === 'Escape') this.#refuse(event); });
    window.addEventListener('beforeunload', (event) => { if (!this.#isCopied) event.preventDefault(); }, { signal });
    // "Back" takes this entry first, and the dialog asks.
    history.pushState({ guards: 'token' }, '');
    window.addEventListener('popstate', () => {
      if (!this.#isCopied) history.pushState({ guards: 'token' }, '');
      this.#leave();
    }, { signal });
    this.dialog.addEventListener('close', () => this.#forget());
  }

  #refuse(event) {
    event.preventDefault();
    this.#leave();
  }

  #leave() {
    if (this.#isCopied) {
      this.#close();
      return;
    }
    this.#isLeaving = true;
    this.#render().focus();
  }

  #close() {
    this.#forget();
    this.dialog.close();
  }

  /** Removes the token from the page. */
  #forget() {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#secret = '';
    this.#show(false);
    if (history.state?.guards === 'token') history.back();
  }

  async #copyToken() {
    if (await this.#copyText(this.#secret)) flash(this.#copy, 'Copied');
  }

  async #copyAndClose() {
    if (await this.#copyText(this.#secret)) this.#close();
  }

  /** Copies a text that holds the token. Returns false if the browser refuses. Then the token is selected. */
  async #copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      this.#show(true);
      this.#field.focus();
      this.#field.select();
      const key = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘C' : 'Ctrl+C';
      this.#state.textContent = `This browser does not let the page copy. The token is selected: press ${key}.`;
      return false;
    }
    this.#tellCopied();
    return true;
  }

  #tellCopied() {
    this.#isCopied = true;
    announce('Copied.');
    const hadFocus = this.dialog.querySelector('.actions').contains(document.activeElement);
    const last = this.#render();
    if (hadFocus) last.focus();
  }
}

/** Returns calls of the API in three languages. */
function examplesOf(token) {
  const url = sampleAddress();
  return {
    curl: `export BODHI_TOKEN=${token}\ncurl ${url} \\\n  -H "Authorization: Bearer $BODHI_TOKEN"`,
    Python: 'import urllib.request\n\n'
      + `token = "${token}"\n`
      + `request = urllib.request.Request("${url}",\n    headers={"Authorization": f"Bearer {token}"})\n`
      + 'print(urllib.request.urlopen(request).read().decode())',
    JavaScript: `const token = '${token}';\n`
      + `const response = await fetch('${url}', {\n  headers: { Authorization: \`Bearer \${token}\` },\n});\n`
      + 'console.log(await response.json());',
  };
}

/** Returns an example whose token is quieter than the code around it. */
function withQuiet(code, token) {
  const at = code.indexOf(token);
  return [code.slice(0, at), el('span', { class: 'quiet-code' }, token), code.slice(at + token.length)];
}

/** Shows other words on a button for two seconds. */
function flash(control, words) {
  const label = control.querySelector('[data-label]');
  const before = 'Copy token';
  label.textContent = words;
  clearTimeout(Number(control.dataset.timer));
  control.dataset.timer = setTimeout(() => { label.textContent = before; }, COPIED_MILLISECONDS);
}

/** Returns a token with its first characters only, which are the same for all tokens of this service. */
const masked = (secret) => (secret ? secret.slice(0, SHOWN_CHARACTERS) + MASK : '');
