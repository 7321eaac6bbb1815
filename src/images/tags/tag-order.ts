/**
 * The order of tags, newest first:
 *
 * 1. Versions: `1.10.0` before `1.9.3`, with or without `v`. What is left out counts as 0, and the longer stands first:
 *    `1.2.0`, `1.2`. Of one version the plain one comes first, then its variants by name (`1.2.0-alpine3.20`,
 *    `1.2.0-slim`), then what came before it: `1.2.0-rc.1`, `1.2.0-beta.2`, `1.2.0-alpha`.
 * 2. Dates: `2025-03-01`, `20250301`, with a time after it if there is one.
 * 3. All others by name, and where only a number differs the higher first: `build-10`, `build-9`, `latest`, `main`.
 *
 * Tags that are equal otherwise stand in the order of their letters, so the order is always the same.
 */
export function compareTags(a: string, b: string): number {
  return compareTexts(tagKey(a), tagKey(b)) || compareTexts(a, b);
}

/** Sorts tags as `compareTags` does. Each is looked at once. */
export function sortTags(tags: Iterable<string>): readonly string[] {
  const keyed = Array.from(tags, (tag) => ({ tag, key: tagKey(tag) }));
  return keyed.sort((a, b) => compareTexts(a.key, b.key) || compareTexts(a.tag, b.tag)).map(({ tag }) => tag);
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const VERSION = /^[vV]?(\d+(?:\.\d+)*)(?:([-_+.])(.*)|((?:a|b|c|rc|alpha|beta)\d+(?:[-_.+].*)?))?$/s;
// With dots it is a version: 2025.10.1 and 2025.9.30.
const DATE = /^((?:19|20)\d\d)([-_]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(.*)$/s;
const COMPARED_PARTS = 4;
/** As many digits are exact in a number of JavaScript. */
const EXACT_DIGITS = 15;

/** What comes before a version, from the latest to the earliest. */
const EARLY =
  /^(?:(rc|cr|c)|(pre|preview|ea)|(beta|b)|(alpha|a)|(m|dev|snapshot|nightly|canary|next|edge|unstable))(?=[\d._+-]|$)/i;

/** Returns a text whose order by code units, and that of its bytes in UTF-8, is the order of tags. */
export function tagKey(tag: string): string {
  const date = DATE.exec(tag);
  if (date !== null) {
    const [, year = '', , month = '', day = '', rest = ''] = date;
    return `1${[year, month, day].map(numberKey).join('')}${naturalKey(rest.replace(/^[-_.T]/, ''))}`;
  }
  const version = VERSION.exec(tag);
  if (version === null) return `2${naturalKey(tag)}`;
  const [, numbers = '', , separated, attached] = version;
  const parts = numbers.split('.');
  const compared = Array.from({ length: COMPARED_PARTS }, (_none, at) => numberKey(parts[at] ?? '0'));
  const rest = [...parts.slice(COMPARED_PARTS), separated ?? attached ?? ''].join('.').replace(/^\./, '');
  const missing = Math.max(0, COMPARED_PARTS - parts.length);
  return `0${compared.join('')}${suffixKey(rest)}${missing}`;
}

/** Orders what follows a version: nothing, a variant, a state before it. */
function suffixKey(suffix: string): string {
  if (suffix === '') return '0';
  const early = EARLY.exec(suffix);
  if (early === null) return `1${naturalKey(suffix)}\u0000`;
  const rank = early.slice(1).findIndex((word) => word !== undefined);
  // Of `alpha` and `alpha.1` the second is newer.
  return `2${rank}${naturalKey(suffix.slice(early[0].length).replace(/^[-._]/, ''))}\uffff`;
}

/** Letters in their order without case, numbers the higher first. */
function naturalKey(text: string): string {
  return text.toLowerCase().replace(/\d+/g, numberKey);
}

/** A number of any length, the higher first: the more digits the earlier, and of as many the complement of each. */
function numberKey(digits: string): string {
  const plain = digits.replace(/^0+/, '');
  // A tag has up to 128 characters, but a hostile one may have more.
  const lead = String.fromCharCode(1, 0x2fff - Math.min(plain.length, 0x2000));
  if (plain.length > EXACT_DIGITS) return lead + Array.from(plain, (digit) => 9 - Number(digit)).join('');
  return lead + String(10 ** plain.length - 1 - Number(plain)).padStart(plain.length, '0');
}
