// Lists that change as one types, and the choice of rows. Both work without this, by forms.

import { isOfThisUser } from './session.js';

const PAUSE_MS = 150;

/** Shows what a search finds as it is typed. */
function searchLive() {
  const form = document.querySelector('[data-live-form]') ?? document.querySelector('.top form[role=search]');
  if (!(form instanceof HTMLFormElement) || document.querySelector('[data-live]') === null) return;
  /** @type {XMLHttpRequest | undefined} */
  let asked;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  form.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      asked?.abort();
      asked = ask(addressOf(form));
    }, PAUSE_MS);
  });
}

/** @param {HTMLFormElement} form */
function addressOf(form) {
  const address = new URL(form.action, location.href);
  address.search = '';
  for (const [name, value] of new FormData(form))
    if (typeof value === 'string' && value !== '') address.searchParams.set(name, value);
  return address.href;
}

/**
 * A document that a request makes is parsed without scripts, and needs no text to be taken for HTML.
 *
 * @param {string} address
 */
function ask(address) {
  const request = new XMLHttpRequest();
  request.responseType = 'document';
  request.open('GET', address);
  request.addEventListener('load', () => {
    const page = request.responseXML;
    if (page !== null && !isOfThisUser(page)) {
      location.assign(address);
      return;
    }
    const found = page?.querySelector('[data-live]');
    const shown = document.querySelector('[data-live]');
    if (!found || !shown) return;
    shown.replaceWith(document.adoptNode(found));
    const count = page?.querySelector('[data-live-count]')?.textContent ?? '';
    const counted = document.querySelector('[data-live-count]');
    if (counted !== null) counted.textContent = count;
    history.replaceState(null, '', address);
    showSelection();
  });
  request.send();
  return request;
}

function boxes() {
  return [...document.querySelectorAll('[data-selection] input[name=tag]')].filter(
    (box) => box instanceof HTMLInputElement,
  );
}

/** Says how many rows are chosen, and lets those buttons work that can do something with them. */
function showSelection() {
  const all = boxes();
  const count = all.filter((box) => box.checked).length;
  const told = document.querySelector('[data-selected]');
  if (told instanceof HTMLOutputElement)
    told.textContent = count === 0 ? '' : `${count} ${told.dataset['selected'] ?? ''}`;
  for (const button of document.querySelectorAll('button[data-needs]')) {
    if (button instanceof HTMLButtonElement)
      button.disabled = button.dataset['needs'] === '2' ? count !== 2 : count === 0;
  }
  const whole = document.querySelector('[data-select-all]');
  if (!(whole instanceof HTMLInputElement)) return;
  whole.hidden = false;
  whole.checked = count > 0 && count === all.length;
  whole.indeterminate = count > 0 && count < all.length;
}

/** @param {HTMLInputElement} from @param {HTMLInputElement} to */
function between(from, to) {
  const all = boxes();
  const [start, end] = [all.indexOf(from), all.indexOf(to)].toSorted((a, b) => a - b);
  return all.slice(start, (end ?? 0) + 1);
}

/** All rows at once, and with the shift key all from the last one that was chosen to this one. */
function selectRows() {
  /** @type {HTMLInputElement | undefined} */
  let last;
  document.addEventListener('click', (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.closest('[data-selection]') === null) return;
    const isWhole = box.matches('[data-select-all]');
    const from = event.shiftKey && last?.isConnected === true ? last : box;
    for (const one of isWhole ? boxes() : between(from, box)) one.checked = box.checked;
    if (!isWhole) last = box;
    showSelection();
  });
  // A page from the history of the browser remembers what was chosen.
  addEventListener('pageshow', showSelection);
}

/** The pages of repositories: their search, and the choice of tags. */
export function followLists() {
  searchLive();
  selectRows();
  showSelection();
}
