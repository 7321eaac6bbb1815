/**
 * Whether a page was made for whoever this one was made for. It was not after somebody has signed out or in, in another
 * tab: what it holds must not stand under the name of this one.
 *
 * @param {Document} page
 */
export function isOfThisUser(page) {
  return userOf(page) === userOf(document);
}

/** @param {Document} page */
function userOf(page) {
  return page.querySelector('.top .account')?.textContent;
}
