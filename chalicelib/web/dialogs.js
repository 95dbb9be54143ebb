/** Modal dialogs: a head, a body that scrolls, and a footer that never does. Each one is removed when it closes. */

import { button, el, whileBusy } from './dom.js';
import { icon } from './icons.js';
import { errorToast, placeNotices, showProblem } from './notices.js';

let made = 0;

/**
 * Opens a dialog. Esc and its `data-close` buttons close it. When it closes, the browser returns the focus to the
 * element that had it, or `refocus` is called if that element is gone.
 *
 * @param {object} parts
 * @param {string | Node} parts.title
 * @param {string | Node} [parts.lede] the sentence below the title
 * @param {(Node | null)[]} [parts.body]
 * @param {Node[]} [parts.actions] the buttons of the footer, the main one last
 * @param {Node | null} [parts.aside] what stands at the left of the footer
 * @param {'question' | 'choice' | 'created' | 'generate'} [parts.size]
 * @param {boolean} [parts.hasClose] whether the head has an x
 * @param {() => void} [parts.refocus]
 */
export function openDialog(parts) {
  const defaults = { lede: '', body: [], actions: [], aside: null, size: 'question', hasClose: false };
  const dialog = makeDialog({ ...defaults, ...parts });
  document.body.append(dialog);
  dialog.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('[data-close]')) dialog.close();
  });
  dialog.addEventListener('close', () => {
    // The messages would be removed with the dialog.
    placeNotices();
    dialog.remove();
    if (document.activeElement === document.body) parts.refocus?.();
  });
  dialog.showModal();
  placeNotices();
  return dialog;
}

/** @returns {HTMLDialogElement} */
function makeDialog({ title, lede, body, actions, aside, size, hasClose }) {
  made += 1;
  const [titleId, ledeId] = [`dialog-${made}`, `dialog-${made}-lede`];
  const described = lede ? { 'aria-describedby': ledeId } : {};
  const x = el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', 'data-close': '' }, icon('x'));
  const words = el('div', {}, el('h2', { id: titleId, tabindex: '-1' }, title), lede && el('p', { id: ledeId }, lede));
  return /** @type {HTMLDialogElement} */ (el('dialog',
    { class: `dialog ${size}`, 'aria-labelledby': titleId, ...described },
    el('form', { novalidate: true, class: 'dialog-form' },
      el('header', {}, words, hasClose ? x : null),
      el('div', { class: 'dialog-body' }, el('p', { class: 'problem', role: 'alert', hidden: true }), ...body),
      el('footer', {}, el('div', { class: 'aside' }, aside), el('div', { class: 'actions' }, ...actions)))));
}

/** Makes the button that closes its dialog. */
export const closeButton = (word = 'Cancel', properties = {}) =>
  button(word, null, { 'data-close': '', ...properties });

/** Makes the button that sends the form of its dialog. `kind` is "primary" or "danger". */
export const sendButton = (word, kind = 'primary', properties = {}) =>
  button(word, null, { type: 'submit', kind, ...properties });

/** Returns whether an open dialog may hold text that the user typed. */
export function isTyping() {
  return document.querySelector('dialog[open] input:not([type=checkbox], [type=radio])') !== null;
}

/**
 * Sends the form of a dialog by `send(form)` and closes the dialog, unless that returns false. If it throws,
 * the dialog stays open and shows the text that `explain(problem)` returns. `words` stand on the button meanwhile.
 */
export function onSubmit(dialog, send, { explain = (problem) => problem.message, words = null } = {}) {
  const form = dialog.querySelector('form');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const submit = form.querySelector('[type=submit]');
    if (submit.disabled) return;
    whileBusy(submit, async () => {
      const box = dialog.querySelector('.problem');
      showProblem(box, null);
      try {
        if ((await send(form)) !== false) dialog.close();
      } catch (problem) {
        const text = await explain(problem);
        // If the user has closed the form meanwhile, a toast shows the text.
        if (dialog.isConnected) showProblem(box, text);
        else errorToast(text);
      }
    }, words);
  });
}

/**
 * Asks before an action. The dialog waits for `act(form)`, so that an error leaves the question open. "Cancel" has
 * the focus.
 * @param {object} question
 * @param {string | Node} question.title
 * @param {string | Node} [question.text]
 * @param {(Node | null)[]} [question.body]
 * @param {string} question.confirm
 * @param {boolean} [question.isDangerous]
 * @param {string} [question.busy]
 * @param {(form: HTMLFormElement) => Promise<unknown>} question.act
 * @param {() => void} [question.refocus]
 */
export function confirmDialog({ title, text = '', body = [], confirm, isDangerous = true, busy = null, act, refocus }) {
  const dialog = openDialog({
    title,
    lede: text,
    body,
    actions: [closeButton('Cancel', { autofocus: true }), sendButton(confirm, isDangerous ? 'danger' : 'primary')],
    refocus,
  });
  onSubmit(dialog, act, { words: busy });
  return dialog;
}
