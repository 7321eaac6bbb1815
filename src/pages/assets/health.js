// Takes the parts of a page that change from the same page again, every two seconds while somebody looks at it.

import { isOfThisUser } from './session.js';

const EVERY_MS = 2000;
const live = document.querySelectorAll('[data-live]');

/** The browser itself makes a document of the answer; no text becomes markup here. */
function takeAgain() {
  if (document.visibilityState !== 'visible') {
    waitForSight();
    return;
  }
  const request = new XMLHttpRequest();
  request.open('GET', location.href);
  request.responseType = 'document';
  request.timeout = EVERY_MS * 5;
  request.addEventListener('loadend', () => {
    const next = request.responseXML;
    // The session has ended: the browser is shown what it gets without one.
    if (next !== null && !isOfThisUser(next)) {
      location.reload();
      return;
    }
    if (next !== null && request.status === 200) replaceParts(next);
    setTimeout(takeAgain, EVERY_MS);
  });
  request.send();
}

/** @param {Document} next */
function replaceParts(next) {
  for (const part of live) {
    const fresh = next.getElementById(part.id);
    const isInUse = part.contains(document.activeElement) || !getSelection()?.isCollapsed;
    if (fresh === null || isInUse || fresh.textContent === part.textContent) continue;
    part.replaceChildren(...fresh.childNodes);
  }
}

function waitForSight() {
  document.addEventListener('visibilitychange', takeAgain, { once: true });
}

/** Follows the page that is open, where parts of it change. */
export function followHealth() {
  if (live.length === 0) return;
  for (const note of document.querySelectorAll('[data-live-note]'))
    if (note instanceof HTMLElement) note.hidden = false;
  setTimeout(takeAgain, EVERY_MS);
}
