import { isDigest, isRepository } from '../grammar.ts';
import type { ProblemCode } from '../problem.ts';

/** A query as a list of pairs in their original order. */
export interface Query {
  readonly pairs: readonly QueryPair[];
  /** Returns the decoded value of a key, or undefined. */
  get(key: string): string | undefined;
}

export interface QueryPair {
  readonly key: string;
  readonly value: string;
  /**
   * `key=value` as it is forwarded: re-encoded from the value for every key that the gate knows. Unknown keys are
   * forwarded as the client wrote them, since the registry signs `_state`, and any changed byte breaks it.
   */
  readonly raw: string;
}

export type QueryOutcome =
  | { readonly ok: true; readonly query: Query }
  | { readonly ok: false; readonly code: ProblemCode; readonly reason: string };

const PLAIN_KEY = /^[A-Za-z0-9_.-]{1,64}$/;
/** A larger number means all names. */
const SIZE = /^\d{1,9}$/;

/** Returns the value to use for a client's value, or undefined if it can't be used. */
type Reading = (value: string) => string | undefined;

/**
 * Keys that a registry may ignore (distribution-spec end-8b, end-11). An invalid value drops the key, as in
 * distribution, and never refuses the request.
 */
const HINTS: ReadonlyMap<string, Reading> = new Map<string, Reading>([
  ['mount', (value) => (isDigest(value) ? value : undefined)],
  ['from', (value) => (isRepository(value) ? value : undefined)],
  ['n', (value) => (SIZE.test(value) ? String(Number(value)) : undefined)],
  ['last', (value) => (value === '' ? undefined : value)],
]);

/** Hints that need no right. Of two equal keys the first counts, as in Go and nginx. */
const PAGING: ReadonlySet<string> = new Set(['n', 'last']);

/** Keys that the gate or a known registry reads. Their values are re-encoded. */
const KNOWN: ReadonlySet<string> = new Set([...HINTS.keys(), 'digest', 'digest-algorithm', 'tag']);

/**
 * Parses the text after `?`. The registry reads its query with Go's ParseQuery, in which `%66rom` is `from` and the
 * first of two equal keys counts; other servers ignore the case of keys. A query with two readings is refused.
 */
export function parseQuery(text: string): QueryOutcome {
  if (text === '') return NONE;
  const pairs: QueryPair[] = [];
  const seen = new Set<string>();
  for (const raw of text.split('&')) {
    if (raw === '') continue;
    const pair = parsePair(raw);
    if (pair === undefined) continue;
    if ('reason' in pair) return { ok: false, ...pair };
    const isSecond = seen.has(pair.key);
    if (isSecond && PAGING.has(pair.key)) continue;
    if (isSecond && pair.key !== 'tag') return { ok: false, ...odd(`${pair.key} is given twice`) };
    seen.add(pair.key);
    pairs.push(pair);
  }
  return { ok: true, query: createQuery(pairs) };
}

/** Returns the pairs as they are forwarded, with the leading `?`, or an empty text. */
export function renderQuery(query: Query): string {
  return query.pairs.length === 0 ? '' : `?${query.pairs.map((pair) => pair.raw).join('&')}`;
}

export function createQuery(pairs: readonly QueryPair[]): Query {
  return { pairs, get: (key) => pairs.find((pair) => pair.key === key)?.value };
}

/** Returns the query without these keys. */
export function withoutKeys(query: Query, keys: readonly string[]): Query {
  const kept = query.pairs.filter(({ key }) => !keys.includes(key));
  return kept.length === query.pairs.length ? query : createQuery(kept);
}

/** Creates a re-encoded pair. */
export function createPair(key: string, value: string): QueryPair {
  return { key, value, raw: `${key}=${encodeValue(key, value)}` };
}

/** Most requests have no query. */
const NONE: QueryOutcome = { ok: true, query: createQuery([]) };

interface Odd {
  readonly code: ProblemCode;
  readonly reason: string;
}

function odd(reason: string, code: ProblemCode = 'UNSUPPORTED'): Odd {
  return { code, reason };
}

/** Returns undefined for a hint that is dropped. */
function parsePair(raw: string): QueryPair | Odd | undefined {
  const mark = raw.indexOf('=');
  const key = mark < 0 ? raw : raw.slice(0, mark);
  if (!PLAIN_KEY.test(key)) return odd('a query key holds characters that no registry key needs');
  if (isDisguised(key)) return odd(`a query key is ${key.toLowerCase()} in another case`);
  const value = decodeValue(mark < 0 ? '' : raw.slice(mark + 1));
  const reading = HINTS.get(key);
  return reading === undefined ? readOther(key, value, raw) : readHint(key, value, reading);
}

function readHint(key: string, value: string | undefined, reading: Reading): QueryPair | undefined {
  const used = value === undefined ? undefined : reading(value);
  return used === undefined ? undefined : createPair(key, used);
}

function readOther(key: string, value: string | undefined, raw: string): QueryPair | Odd {
  if (value === undefined) return odd(`the value of ${key} is not well encoded`);
  if (key === 'digest' && !isDigest(value)) return odd('digest is not a digest', 'DIGEST_INVALID');
  return KNOWN.has(key) ? createPair(key, value) : { key, value, raw };
}

/** A server that ignores the case of keys would read `Mount` as a mount, which was not authorised. */
function isDisguised(key: string): boolean {
  const plain = key.toLowerCase();
  return plain !== key && KNOWN.has(plain) && !PAGING.has(plain);
}

/** Decodes application/x-www-form-urlencoded as Go does: `+` is a space, a raw `;` or an invalid escape is an error. */
function decodeValue(text: string): string | undefined {
  if (text.includes(';')) return undefined;
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** Encodes names and digests as registries write them, and everything else with all reserved characters escaped. */
function encodeValue(key: string, value: string): string {
  const encoded = encodeURIComponent(value);
  return GRAMMATICAL.has(key) ? encoded.replaceAll('%3A', ':').replaceAll('%2F', '/') : encoded;
}

/** Keys whose values can't hold reserved characters of a query. */
const GRAMMATICAL: ReadonlySet<string> = new Set(['mount', 'from', 'digest']);
