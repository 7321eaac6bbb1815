import { hasTooManyMarks } from '../../lib/form-marks.ts';

/** The fields of a query or of a form, as they were sent. */
export interface Fields {
  /** The first value under this name, or the empty text. */
  get(name: string): string;
  all(name: string): readonly string[];
}

/** More fields than any page of ours sends: the tags of one page, and a few more. */
const MOST_FIELDS = 1100;
/** Names of tags and repositories have few of the others: a slash, and the line ends between patterns. */
const MOST_MARKS = { between: MOST_FIELDS - 1, spaces: 1000, escapes: 8192 } as const;
/** Controls but for line ends and tabs: they could make one text look like another, and no page shows or stores them. */
const CONTROL = /(?![\t\n\r])\p{Cc}/u;

/**
 * Why fields are refused. `many`: more than `MOST_FIELDS`, or more separators and escapes than names have; `control`: a
 * value holds a control character. It is not left out: the rest would be a text that nobody sent, such as another password.
 */
type FieldsProblem = 'many' | 'control';

/** Reads `application/x-www-form-urlencoded` (WHATWG URL, section 5). Separators are counted before anything is decoded. */
export function parseFields(text: string): Fields | FieldsProblem {
  if (hasTooManyMarks(Buffer.from(text), MOST_MARKS)) return 'many';
  const params = new URLSearchParams(text);
  for (const value of params.values()) if (CONTROL.test(value)) return 'control';
  return {
    get: (name) => params.get(name) ?? '',
    all: (name) => params.getAll(name),
  };
}

export const NO_FIELDS: Fields = { get: () => '', all: () => [] };
