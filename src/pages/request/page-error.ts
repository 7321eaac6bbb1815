/** Why a page cannot be shown. Each has a page of its own. */
export type PageProblem =
  /** There is no such thing, or the principal may not see it: the two look the same. */
  | 'not-found'
  /** The principal may see it, but not do this. */
  | 'forbidden'
  /** The form is not one that a page of this gate sent in this session. */
  | 'stale-form'
  /** A page of another site sent the form. */
  | 'foreign-form'
  /** The registry cannot be reached, or answers what cannot be read. */
  | 'registry-failed'
  /** A field of the form or of the address cannot be used. */
  | 'bad-input'
  /** Too many pages are being made. */
  | 'busy'
  /** The page would be larger than any that is sent. */
  | 'too-large';

/** Ends the making of a page. `detail` is a sentence for the reader, in the language of the page. */
export class PageError extends Error {
  readonly problem: PageProblem;
  readonly detail: string | undefined;

  constructor(problem: PageProblem, detail?: string, options?: ErrorOptions) {
    super(problem, options);
    this.name = 'PageError';
    this.problem = problem;
    this.detail = detail;
  }
}
