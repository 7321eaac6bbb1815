import { html as template } from 'hono/html';

/** Text of a page in which everything that came from elsewhere has been escaped. */
export type Html = Exclude<ReturnType<typeof template>, Promise<unknown>>;

/** What may stand between the parts of a template. `undefined` and `false` stand for nothing. */
type HtmlValue = string | number | Html | readonly Html[] | undefined | false;

/** A page has so many characters at most: what a registry stores may be made to become many more than it is. */
const MOST_CHARACTERS = 2 * 1024 * 1024;

/** Ends the making of a page that has become too large. */
export class TooLarge extends Error {}

/**
 * Makes a piece of a page. Each value is escaped, for text and for quoted attributes alike, unless it was made by `html`
 * itself. A value never stands in an attribute without quotes, in a script or in a style: a test reads the templates.
 *
 *     html`<a href="${address}">${name}</a>`
 *
 * Throws TooLarge for a piece of more than 2 Mi characters.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const made = template(strings, ...values.map((value) => (value === false ? undefined : value)));
  // It is a promise only if a value was one, which the types above exclude.
  if (made instanceof Promise) throw new TypeError('a template holds a value that is not there yet');
  if (made.length > MOST_CHARACTERS) throw new TooLarge('a page of more than 2 Mi characters');
  return made;
}

/** Nothing. */
export const NO_HTML: Html = html``;
