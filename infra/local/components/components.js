/** Every component of the page in every state, for people who change it and for the tests that photograph it. */

const { assets } = document.body.dataset;
const load = (name) => import(`${assets}/${name}.js`);
const { button, el } = await load('dom');
const { ICONS, icon } = await load('icons');
const { statusBadge } = await load('token-cells');
const { sparkline } = await load('sparkline');
const { openDialog, closeButton, sendButton } = await load('dialogs');
const { openMenu } = await load('menu');
const { textField } = await load('fields');
const { NetworksField } = await load('networks-field');

const place = document.getElementById('components');
const beside = (...children) => el('div', { class: 'beside' }, ...children);
const columns = (...children) => el('div', { class: 'columns' }, ...children);

/** Adds a section. */
function show(title, ...children) {
  place.append(el('section', {}, el('h2', {}, title), ...children));
}

const states = (word, kind) => [
  button(word, null, { kind }),
  button(word, null, { kind: `${kind} is-hovered` }),
  button(word, null, { kind: `${kind} is-focused` }),
  button(word, null, { kind, disabled: true }),
];
show('Buttons: rest, hover, focus, disabled, busy',
  beside(...states('Generate', 'primary'), button('Generating…', null, { kind: 'primary', 'aria-busy': 'true' })),
  beside(...states('Edit', '')),
  beside(...states('Revoke token', 'danger')),
  beside(button('Revoke…', null, { kind: 'danger-opens' }), button('Cancel', null, { kind: 'quiet' }),
    button('Small', null, { kind: 'small' }), button('Large', null, { kind: 'large' }),
    button('Copy token', null, { kind: 'primary large', picture: icon('copy') }),
    el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Actions' }, icon('ellipsis')),
    el('a', { href: '/docs' }, 'Read the docs')));

const words = [['Active', null, ''], ['Paused', 'pause', 'quiet'], ['Idle', 'moon', 'warn'],
  ['Stopped', 'user-x', 'quiet'], ['Expired', 'clock', 'quiet'], ['Revoked', 'ban', 'quiet'],
  ['Rotated', 'refresh-cw', 'quiet'], ['Still used', 'triangle-alert', 'warn'], ['Exposed', 'shield-alert', 'danger']];
show('Status and tags',
  beside(...words.map(([word, picture, tone]) => statusBadge({ word, icon: picture, tone, second: '' }))),
  beside(...['', 'good', 'warn', 'danger'].map((tone) => el('span', { class: `tag ${tone}` }, tone || 'You'))));

const input = (label, attributes, help = null) => el('label', { class: 'field' },
  el('span', { class: 'label' }, label), el('input', { class: 'input', ...attributes }), help);
const error = () => el('span', { class: 'help error' }, icon('circle-alert', { isSmall: true }), 'From 1 to 365 days.');
const choice = (kind, label, attributes) => el('label', { class: 'with-icon' },
  el('input', { type: kind === 'tick' ? 'checkbox' : 'radio', class: kind, ...attributes }), label);
const segment = (label, index) => el('label', {},
  el('input', { type: 'radio', name: 's', checked: index === 3 }), label);
show('Fields: rest, filled, wrong, disabled',
  columns(input('Name', { placeholder: 'My laptop' }), input('Name', { value: 'Nightly backup' }),
    input('Days', { value: '400', 'aria-invalid': 'true' }, error()),
    input('Owner', { value: 'Usha User', disabled: true }),
    textField({ label: 'Description', name: 'description', limit: 'description_length', isOptional: true })),
  beside(choice('tick', 'Off', {}), choice('tick', 'On', { checked: true }),
    choice('tick', 'Disabled', { disabled: true }),
    choice('dot-choice', 'Anywhere', { name: 'r', checked: true }), choice('dot-choice', 'Only from', { name: 'r' })),
  el('div', { class: 'segments' }, ...['No expiry', '7 days', '30 days', '90 days'].map(segment)),
  new NetworksField({ value: ['203.0.113.0/24', '10.40.6.7/24'] }).element);

const option = (name, label, second, attributes = {}) => el('label', { class: `option ${attributes.kind ?? ''}` },
  el('input', { type: 'radio', class: 'dot-choice', name, checked: attributes.checked }),
  el('span', { class: 'label' }, label), el('span', { class: 'second' }, second));
show('Choices: nothing chosen, the destructive one chosen', columns(
  el('div', { class: 'options' }, option('a', 'They work again', 'All 12, at once.'),
    option('a', 'They are revoked now', 'All 12, for good.', { kind: 'is-danger' })),
  el('div', { class: 'options' }, option('b', 'They work again', 'All 12, at once.'),
    option('b', 'They are revoked now', 'All 12, for good.', { kind: 'is-danger', checked: true }))));

const note = (tone, picture, ...children) => el('div', { class: `note ${tone}` }, icon(picture),
  el('p', {}, ...children));
show('Notes', note('warn', 'triangle-alert', el('strong', {}, 'Slack bot goes idle in 3 days.')),
  note('danger', 'shield-alert', el('strong', {}, 'Jenkins was found exposed.'), ' It is revoked.'),
  note('', 'wifi-off', 'Not refreshed since 12:41. The rows may be old.'));

const toast = (picture, text, action = null) => el('div', { class: 'toast' }, icon(picture), el('p', {}, text),
  action && el('button', { type: 'button', class: 'link' }, action),
  el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss' }, icon('x')));
show('Toasts', toast('circle-check', 'Slack bot is paused.', 'Undo'),
  toast('circle-alert', 'Not paused: the server did not answer.', 'Try again'));

const day = (ago) => (Date.UTC(2026, 10, 30 - ago) / 86_400_000) % 7;
const days = (uses) => Array.from({ length: 30 }, (_, index) => uses(29 - index));
const rhythms = [(ago) => (day(ago) > 4 ? 0 : 50 + ((ago * 7) % 30)), (ago) => 90 + (ago % 3), () => 1,
  (ago) => (ago === 9 ? 90 : 2), (ago) => Math.max(0, ago - 7), (ago) => (ago > 26 ? 9 : 0), () => 0];
show('Sparklines: weekdays, steady, once a day, spike, fading, stopped, never',
  beside(...rhythms.map((rhythm) => sparkline(days(rhythm)))),
  beside(sparkline(days(rhythms[0]), { isGrey: true })));

show('Loading rows', el('div', { class: 'table loading-rows' }, ...[1, 2, 3].map(() => el('div', { class: 'row' },
  el('span', {}, el('span', { class: 'grey-bar' }), el('span', { class: 'grey-bar' }))))));

const run = () => {};
const items = [
  { label: 'Open', icon: 'panel-right-open', run },
  { label: 'Edit', icon: 'pencil', run },
  null,
  { label: 'Rotate', icon: 'refresh-cw', run, reason: 'Re-activate it first' },
  null,
  { label: 'Revoke…', icon: 'ban', isDanger: true, run },
];
const open = button('Menu', () => openMenu(open, items, { label: 'Actions' }));
const ask = () => openDialog({ title: 'Revoke CI deploy bot?',
  lede: 'Whatever uses it is refused for good, everywhere within 30 seconds. This cannot be undone.',
  body: [note('', 'activity', 'Last used 40 seconds ago')],
  actions: [closeButton(), sendButton('Revoke token', 'danger')] });
show('What opens', beside(open, button('Dialog', ask)));

const named = (name) => el('span', { class: 'with-icon' }, icon(name), el('span', { class: 'second' }, name));
show('Icons', beside(...ICONS.map(named)));
document.body.dataset.ready = 'true';
