import { html as template } from 'hono/html';

/** Text of a page in which everything that came from elsewhere has been escaped. */
export type Html = Exclude<ReturnType<typeof template>, Promise<unknown>>;

/** What may stand between the parts of a template. `undefined` and `false` stand for nothing. */
type HtmlValue = string | number | Html | readonly Html[] | undefined | false;

/**
 * Makes a piece of a page. Each value is escaped, for text and for quoted attributes alike, unless it was made by `html`
 * itself. A value never stands in an attribute without quotes, in a script or in a style: a test reads the templates.
 *
 *     html`<a href="${address}">${name}</a>`
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const made = template(strings, ...values.map((value) => (value === false ? undefined : value)));
  // It is a promise only if a value was one, which the types above exclude.
  if (made instanceof Promise) throw new TypeError('a template holds a value that is not there yet');
  return made;
}

/** Nothing. */
export const NO_HTML: Html = html``;
