/** Code that calls the API, in three languages, as tabs (WAI-ARIA Authoring Practices, "Tabs"). */

import { base } from './api.js';
import { el } from './dom.js';
import { icon } from './icons.js';

const COPIED_MILLISECONDS = 2000;
let made = 0;

/** Returns the address of the sample API. */
export const sampleAddress = () => `${location.origin}${base}/api/whoami`;

/**
 * Makes the tabs. `lines(language)` returns what is shown, `copy(language)` copies it and returns whether it could.
 * Call `update` if the lines have changed.
 *
 * @param {{languages: string[], lines: (language: string) => (Node | string)[],
 *   copy: (language: string) => Promise<boolean>}} options
 */
export function codeExamples({ languages, lines, copy }) {
  made += 1;
  const id = `example-${made}`;
  const code = el('code');
  const panel = el('pre', { role: 'tabpanel', id, tabindex: '0' }, code);
  let chosen = 0;
  const tabs = languages.map((name, index) => el('button', { type: 'button', role: 'tab', id: `${id}-${index}`,
    'aria-controls': id, onclick: () => choose(index) }, name));
  const update = () => code.replaceChildren(...lines(languages[chosen]));
  const choose = (index) => {
    chosen = index;
    for (const [number, tab] of tabs.entries()) {
      tab.setAttribute('aria-selected', String(number === chosen));
      tab.tabIndex = number === chosen ? 0 : -1;
    }
    panel.setAttribute('aria-labelledby', tabs[chosen].id);
    update();
  };
  const list = el('div', { role: 'tablist', 'aria-label': 'Language' }, ...tabs);
  list.addEventListener('keydown', ({ key }) => {
    const to = { ArrowRight: chosen + 1, ArrowLeft: chosen - 1, Home: 0, End: -1 }[key];
    if (to === undefined) return;
    choose((to + tabs.length) % tabs.length);
    tabs[chosen].focus();
  });
  const run = async ({ currentTarget: control }) => {
    if (!(await copy(languages[chosen]))) return;
    control.replaceChildren(icon('check'));
    setTimeout(() => control.replaceChildren(icon('copy')), COPIED_MILLISECONDS);
  };
  const button = el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Copy the example', onclick: run },
    icon('copy'));
  choose(0);
  const element = el('div', { class: 'example' }, el('div', { class: 'example-head' }, list, button), panel);
  return { element, update };
}
