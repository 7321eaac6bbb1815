import { isDigest, isRepository } from './grammar.ts';

/** A query as a list of pairs in the order in which they came. */
export interface Query {
  readonly pairs: readonly QueryPair[];
  /** The decoded value of a key, or undefined. */
  get(key: string): string | undefined;
}

export interface QueryPair {
  readonly key: string;
  readonly value: string;
  /** `key=value` exactly as the client wrote it: `_state` is signed by the registry, a byte more or less breaks it. */
  readonly raw: string;
}

export type QueryOutcome =
  | { readonly ok: true; readonly query: Query }
  | { readonly ok: false; readonly reason: string };

const LARGEST_PAGE = 1000;
const PLAIN_KEY = /^[A-Za-z0-9_.-]{1,64}$/;

/** Why a value is not good, or nothing. */
type ValueRule = (value: string) => string | undefined;

/** Keys whose value has a grammar; every other key is the backend's own affair and passes as it is. */
const VALUE_RULES: ReadonlyMap<string, ValueRule> = new Map<string, ValueRule>([
  ['mount', (value) => (isDigest(value) ? undefined : 'mount is not a digest')],
  ['digest', (value) => (isDigest(value) ? undefined : 'digest is not a digest')],
  ['from', (value) => (isRepository(value) ? undefined : 'from is not a repository name')],
  // A page of any size is memory in the registry (CVE-2023-2253).
  ['n', (value) => (/^-?\d{1,9}$/.test(value) ? undefined : 'n is not a number')],
]);

/**
 * Text after the `?` to a Query. The registry reads its query with Go's ParseQuery, in which `%66rom` is `from` and the
 * first of two equal keys wins; both are refused here, so that there is nothing to read in two ways.
 */
export function parseQuery(text: string): QueryOutcome {
  if (text === '') return NONE;
  const pairs: QueryPair[] = [];
  const seen = new Set<string>();
  for (const raw of text.split('&')) {
    if (raw === '') continue;
    const pair = parsePair(raw);
    if (typeof pair === 'string') return { ok: false, reason: pair };
    if (seen.has(pair.key) && pair.key !== 'tag') return { ok: false, reason: `${pair.key} is given twice` };
    seen.add(pair.key);
    pairs.push(pair);
  }
  return { ok: true, query: createQuery(pairs) };
}

/** The pairs as they go to the backend, with the leading `?`, or nothing. */
export function renderQuery(query: Query): string {
  return query.pairs.length === 0 ? '' : `?${query.pairs.map((pair) => pair.raw).join('&')}`;
}

/** Whether a page size is one that the registry serves (its own limit is 1000). */
export function isPageSize(value: string | undefined): boolean {
  return value === undefined || Number(value) <= LARGEST_PAGE;
}

/** A query of these pairs. */
export function createQuery(pairs: readonly QueryPair[]): Query {
  return { pairs, get: (key) => pairs.find((pair) => pair.key === key)?.value };
}

/** Most requests have none. */
const NONE: QueryOutcome = { ok: true, query: createQuery([]) };

function parsePair(raw: string): QueryPair | string {
  const mark = raw.indexOf('=');
  const key = mark < 0 ? raw : raw.slice(0, mark);
  if (!PLAIN_KEY.test(key)) return 'a query key holds characters that no registry key needs';
  const value = decodeValue(mark < 0 ? '' : raw.slice(mark + 1));
  if (value === undefined) return `the value of ${key} is not well encoded`;
  return VALUE_RULES.get(key)?.(value) ?? { key, value, raw };
}

/** application/x-www-form-urlencoded, as Go reads it: `+` is a space, a raw `;` or a broken escape is an error. */
function decodeValue(text: string): string | undefined {
  if (text.includes(';')) return undefined;
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
