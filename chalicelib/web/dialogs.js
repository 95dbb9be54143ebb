/** Modal dialogs. Each one is made when it opens and removed with its content when it closes. */

import { fromTemplate, whileBusy } from './dom.js';
import { errorToast, showProblem } from './notices.js';

/**
 * Opens a dialog made from a template. Its `data-close` buttons and Esc close it. `fill(dialog)` is called
 * before it is shown. When it closes, the browser returns the focus to the element that had it. `refocus`
 * is called if that element is gone.
 */
export function openDialog(templateId, { fill = null, refocus = () => {} } = {}) {
  const dialog = fromTemplate(templateId).querySelector('dialog');
  document.body.append(dialog);
  fill?.(dialog);
  for (const button of dialog.querySelectorAll('[data-close]')) {
    button.addEventListener('click', () => dialog.close());
  }
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (document.activeElement === document.body) refocus();
  });
  dialog.showModal();
  return dialog;
}

/** Returns whether an open dialog may hold text that the user typed. */
export function isTyping() {
  return document.querySelector('dialog[open] input:not([type=checkbox])') !== null;
}

/**
 * Sends the form of a dialog by `send(form)` and closes the dialog, unless that returns false. If it throws,
 * the dialog stays open and shows the text that `explain(problem)` returns.
 */
export function onSubmit(dialog, send, explain = (problem) => problem.message) {
  const form = dialog.querySelector('form');
  const box = form.querySelector('.problem');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    whileBusy(form.querySelector('[type=submit]'), async () => {
      showProblem(box, null);
      try {
        if ((await send(form)) !== false) dialog.close();
      } catch (problem) {
        const words = await explain(problem);
        // If the user has closed the form meanwhile, a toast shows the text.
        if (dialog.isConnected) showProblem(box, words);
        else errorToast(words);
      }
    });
  });
}

/**
 * Asks before an action that cannot be undone. `question` is `{title, text, confirm, act, ...}`.
 * The dialog waits for `act(chosen)`, so that an error leaves the question open.
 */
export function confirmDialog({ act, refocus = () => {}, ...question }) {
  const dialog = openDialog('confirm-dialog', { fill: (made) => fillQuestion(made, question), refocus });
  onSubmit(dialog, (form) => act(form.elements.choice.checked));
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {{title?: string, text?: string, confirm?: string, isDangerous?: boolean,
 *   choice?: {label: string, hint: string}}} question
 */
function fillQuestion(dialog, { title, text, confirm, isDangerous = true, choice = null }) {
  dialog.querySelector('h2').textContent = title;
  dialog.querySelector('#confirm-text').textContent = text;
  const button = dialog.querySelector('[type=submit]');
  button.textContent = confirm;
  button.classList.add(isDangerous ? 'danger' : 'primary');
  if (choice) {
    dialog.querySelector('[data-choice]').removeAttribute('hidden');
    dialog.querySelector('[data-choice-label]').textContent = choice.label;
    dialog.querySelector('#confirm-choice-hint').textContent = choice.hint;
  }
}
