/** Modal dialogs. Each one is made when it opens and removed with its content when it closes. */

import { el, fromTemplate, whileBusy } from './dom.js';
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
  return document.querySelector('dialog[open] input:not([type=checkbox], [type=radio])') !== null;
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
 * The dialog waits for `act(chosen)`, so that an error leaves the question open. `chosen` is the value of one of
 * the `choices`, or null if there are none. None of them is chosen at first.
 */
export function confirmDialog({ act, refocus = () => {}, ...question }) {
  const dialog = openDialog('confirm-dialog', { fill: (made) => fillQuestion(made, question), refocus });
  onSubmit(dialog, (form) => act(new FormData(form).get('choice')));
}

/** @typedef {{value: string, label: string, hint?: string, confirm: string, isDangerous: boolean}} Choice */

/**
 * @param {HTMLDialogElement} dialog
 * @param {{title?: string, text?: string, confirm?: string, isDangerous?: boolean, legend?: string,
 *   choices?: Choice[]}} question
 */
function fillQuestion(dialog, { title, text, confirm, isDangerous = true, legend = '', choices = [] }) {
  dialog.querySelector('h2').textContent = title;
  dialog.querySelector('#confirm-text').textContent = text;
  const button = /** @type {HTMLButtonElement} */ (dialog.querySelector('[type=submit]'));
  name(button, confirm, isDangerous);
  if (!choices.length) return;
  const box = dialog.querySelector('[data-choice]');
  box.removeAttribute('hidden');
  box.querySelector('legend').textContent = legend;
  box.querySelector('.choices').append(...choices.map(radio));
  button.disabled = true;
  box.addEventListener('change', (event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const chosen = choices.find((choice) => choice.value === input.value);
    name(button, chosen.confirm, chosen.isDangerous);
    button.disabled = false;
  });
}

function name(button, confirm, isDangerous) {
  button.textContent = confirm;
  button.classList.toggle('danger', isDangerous);
  button.classList.toggle('primary', !isDangerous);
}

/** @param {Choice} choice */
function radio({ value, label, hint }) {
  const id = `choice-${value}`;
  const attributes = { type: 'radio', name: 'choice', value, required: true, 'aria-describedby': hint ? id : null };
  return el('label', { class: 'choice' }, el('input', attributes),
    el('span', {}, el('span', {}, label), hint ? el('span', { class: 'hint', id }, hint) : null));
}
