// What the pages can do beside what the server renders. Each works without this.
import { followHealth } from './health.js';
import { followLists } from './repositories.js';

/** Shows the buttons that copy a line, which do nothing without script. */
function copyLines() {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    if (!(button instanceof HTMLButtonElement) || navigator.clipboard === undefined) continue;
    button.hidden = false;
    const word = button.textContent;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.dataset['copy'] ?? '');
      button.textContent = button.dataset['copied'] ?? word;
      setTimeout(() => (button.textContent = word), 2000);
    });
  }
}

/** Sends the choices of a form as soon as one changes, and hides its button. */
function applyChoices() {
  for (const form of document.querySelectorAll('form[data-apply]')) {
    if (!(form instanceof HTMLFormElement)) continue;
    const button = form.querySelector('button');
    if (button !== null) button.hidden = true;
    form.addEventListener('change', () => form.requestSubmit());
  }
}

/** How far each arrow goes in a list. */
const STEPS = new Map([
  ['ArrowDown', 1],
  ['ArrowUp', -1],
]);

/** `/` goes to the search field; the arrows move among the rows of a list, and Enter opens one. */
function followKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = isIn(event.target, 'input:not([type=checkbox]), textarea, select');
    if (event.key === '/' && !isTyping) toSearch(event);
    const step = STEPS.get(event.key);
    if (step !== undefined && (!isTyping || isIn(event.target, 'input[type=search]'))) moveRow(event, step);
  });
}

/** @param {EventTarget | null} target @param {string} selector */
function isIn(target, selector) {
  return target instanceof HTMLElement && target.matches(selector);
}

/** @param {KeyboardEvent} event */
function toSearch(event) {
  const field = document.querySelector('input[type=search]');
  if (!(field instanceof HTMLInputElement)) return;
  event.preventDefault();
  field.focus();
  field.select();
}

/** @param {KeyboardEvent} event @param {number} step */
function moveRow(event, step) {
  const links = [...document.querySelectorAll('[data-rows] a[data-row]')];
  if (links.length === 0) return;
  const at = links.findIndex((link) => link === document.activeElement);
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  next.focus();
}

copyLines();
applyChoices();
followKeys();
followLists();
followHealth();
