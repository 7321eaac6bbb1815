/** The fields of a query or of a form, as they were sent. */
export interface Fields {
  /** The first value under this name, or the empty text. */
  get(name: string): string;
  all(name: string): readonly string[];
}

/** More fields than any page of ours sends: the tags of one page, and a few more. */
export const MOST_FIELDS = 1100;

/**
 * Reads `application/x-www-form-urlencoded` (WHATWG URL, section 5), with the characters left out that could make one text
 * look like another: controls but for line ends. Undefined if there are more than `MOST_FIELDS`; they are counted before
 * anything is decoded.
 */
export function parseFields(text: string): Fields | undefined {
  let count = 1;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) count += 1;
  if (count > MOST_FIELDS) return undefined;
  const params = new URLSearchParams(text);
  return {
    get: (name) => plain(params.get(name) ?? ''),
    all: (name) => params.getAll(name).map(plain),
  };
}

export const NO_FIELDS: Fields = { get: () => '', all: () => [] };

function plain(text: string): string {
  return text.replaceAll(/(?![\t\n\r])\p{Cc}/gu, '');
}
