import type { ProblemCode } from '../problem.ts';
import { METHODS, namesBadDigest, parseRoute, renderRoute, isDigest, isRepository } from './route.ts';
import type { RegistryMethod, Route } from './route.ts';

/** The right that a request needs on a repository (distribution's token scope, "actions"). */
export type Action = 'pull' | 'push' | 'delete';

/** Reports whether a value names an action. */
export function isAction(value: unknown): value is Action {
  return value === 'pull' || value === 'push' || value === 'delete';
}

/** A parsed request to the registry API. Immutable; only `parseRegistryRequest` creates it. */
export interface RegistryRequest {
  readonly method: RegistryMethod;
  readonly route: Route;
  readonly query: Query;
  /**
   * The right that is needed on the repository of the route. Undefined for the base route and the catalog, which name
   * none.
   */
  readonly action: Action | undefined;
  /** A blob to mount from another repository (distribution-spec end-11). Needs pull there. */
  readonly mount: { readonly digest: string; readonly from: string } | undefined;
  /** The path and query that are forwarded to the backend, serialised from the parsed values. */
  readonly target: string;
}

export type ParseOutcome =
  | { readonly kind: 'request'; readonly request: RegistryRequest }
  /** The path is not part of the registry API. */
  | { readonly kind: 'unknown' }
  /** The path is known, but not with this method. */
  | { readonly kind: 'method'; readonly allow: readonly RegistryMethod[] }
  | { readonly kind: 'invalid'; readonly code: ProblemCode; readonly reason: string };

/**
 * Parses a method and a raw request target. Every request to the backend passes here: what this function does not
 * recognise is not forwarded, and what is forwarded is `request.target`, made from the parsed values and not from the
 * client's text. Linear in the length of the target.
 */
export function parseRegistryRequest(method: string, rawTarget: string): ParseOutcome {
  const mark = rawTarget.indexOf('?');
  const path = mark < 0 ? rawTarget : rawTarget.slice(0, mark);
  const route = parseRoute(path);
  if (route === undefined) return unknownOf(method, path);
  const allow = METHODS[route.kind];
  if (!isOneOf(allow, method)) return { kind: 'method', allow };
  const text = mark < 0 ? '' : rawTarget.slice(mark + 1);
  const parsed = parseQuery(text);
  if (!parsed.ok) return { kind: 'invalid', code: parsed.code, reason: parsed.reason };
  return {
    kind: 'request',
    request: createRequest(method, route, normalizeQuery(route, parsed.query, text)),
  };
}

/** Whether the key is present at all. */
const FROM = /(?:^|&)from(?:=|&|$)/;

/**
 * The most names per page of the catalog (distribution: `catalog.maxentries`). A page of any size takes memory in the
 * registry (CVE-2023-2253).
 */
const LARGEST_PAGE = 1000;

/**
 * Removes hints from a query that the route can't use. An unusable `from` also removes `mount`, which alone would ask
 * the registry to search for the blob everywhere (distribution-spec end-11).
 */
function normalizeQuery(route: Route, query: Query, text: string): Query {
  const isFromGood = query.get('from') !== undefined || !FROM.test(text);
  const isMount = route.kind === 'uploads' && query.get('mount') !== undefined && isFromGood;
  const kept = isMount ? query : withoutKeys(query, ['mount', 'from']);
  if (route.kind !== 'catalog' || Number(kept.get('n') ?? 0) <= LARGEST_PAGE) return kept;
  const capped = createPair('n', String(LARGEST_PAGE));
  return createQuery(kept.pairs.map((pair) => (pair.key === 'n' ? capped : pair)));
}

/** A push with a malformed digest gets 400 (distribution-spec end-7). */
function unknownOf(method: string, path: string): ParseOutcome {
  return method === 'PUT' && namesBadDigest(path)
    ? { kind: 'invalid', code: 'DIGEST_INVALID', reason: 'the digest is malformed' }
    : { kind: 'unknown' };
}

function createRequest(method: RegistryMethod, route: Route, query: Query): RegistryRequest {
  return {
    method,
    route,
    query,
    action: actionOf(method, route),
    mount: mountOf(route, query),
    target: renderRoute(route) + renderQuery(query),
  };
}

/** Derives the action from the method and not from what exists: overwriting `latest` is a push. */
function actionOf(method: RegistryMethod, route: Route): Action | undefined {
  if (route.kind === 'base' || route.kind === 'catalog') return undefined;
  // Cancelling one's own upload is part of pushing: clients do it after a mount that made the upload unnecessary.
  if (route.kind === 'upload' || route.kind === 'uploads') return 'push';
  if (method === 'GET' || method === 'HEAD') return 'pull';
  return method === 'DELETE' ? 'delete' : 'push';
}

function mountOf(route: Route, query: Query): RegistryRequest['mount'] {
  const digest = query.get('mount');
  const from = query.get('from');
  if (route.kind !== 'uploads' || digest === undefined || from === undefined) return undefined;
  return { digest, from };
}

function isOneOf(allow: readonly RegistryMethod[], method: string): method is RegistryMethod {
  return (allow as readonly string[]).includes(method);
}

/** A query as a list of pairs in their original order. */
export interface Query {
  readonly pairs: readonly QueryPair[];
  /** Returns the decoded value of a key, or undefined. */
  get(key: string): string | undefined;
}

interface QueryPair {
  readonly key: string;
  readonly value: string;
  /**
   * `key=value` as it is forwarded: re-encoded from the value for every key that the gate knows. Unknown keys are
   * forwarded as the client wrote them, since the registry signs `_state`, and any changed byte breaks it.
   */
  readonly raw: string;
}

type QueryOutcome =
  | { readonly ok: true; readonly query: Query }
  | { readonly ok: false; readonly code: ProblemCode; readonly reason: string };

const PLAIN_KEY = /^[A-Za-z0-9_.-]{1,64}$/;
/** A larger number means all names. */
const SIZE = /^\d{1,9}$/;

/** Returns the value to use for a client's value, or undefined if it can't be used. */
type Normalizer = (value: string) => string | undefined;

/**
 * Keys that a registry may ignore (distribution-spec end-8b, end-11). An invalid value drops the key, as in
 * distribution, and never refuses the request.
 */
const HINTS: ReadonlyMap<string, Normalizer> = new Map<string, Normalizer>([
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
    if (isSecond && pair.key !== 'tag') return { ok: false, ...fault(`${pair.key} is given twice`) };
    seen.add(pair.key);
    pairs.push(pair);
  }
  return { ok: true, query: createQuery(pairs) };
}

/** Returns the pairs as they are forwarded, with the leading `?`, or an empty text. */
export function renderQuery(query: Query): string {
  return query.pairs.length === 0 ? '' : `?${query.pairs.map((pair) => pair.raw).join('&')}`;
}

function createQuery(pairs: readonly QueryPair[]): Query {
  return { pairs, get: (key) => pairs.find((pair) => pair.key === key)?.value };
}

/** Returns the query without these keys. */
export function withoutKeys(query: Query, keys: readonly string[]): Query {
  const kept = query.pairs.filter(({ key }) => !keys.includes(key));
  return kept.length === query.pairs.length ? query : createQuery(kept);
}

/** Creates a re-encoded pair. */
function createPair(key: string, value: string): QueryPair {
  return { key, value, raw: `${key}=${encodeValue(key, value)}` };
}

/** Most requests have no query. */
const NONE: QueryOutcome = { ok: true, query: createQuery([]) };

interface QueryFault {
  readonly code: ProblemCode;
  readonly reason: string;
}

function fault(reason: string, code: ProblemCode = 'UNSUPPORTED'): QueryFault {
  return { code, reason };
}

/** Returns undefined for a hint that is dropped. */
function parsePair(raw: string): QueryPair | QueryFault | undefined {
  const mark = raw.indexOf('=');
  const key = mark < 0 ? raw : raw.slice(0, mark);
  if (!PLAIN_KEY.test(key)) return fault('a query key holds characters that no registry key needs');
  if (isDisguised(key)) return fault(`a query key is ${key.toLowerCase()} in another case`);
  const value = decodeValue(mark < 0 ? '' : raw.slice(mark + 1));
  const reading = HINTS.get(key);
  return reading === undefined ? readOther(key, value, raw) : readHint(key, value, reading);
}

function readHint(key: string, value: string | undefined, reading: Normalizer): QueryPair | undefined {
  const used = value === undefined ? undefined : reading(value);
  return used === undefined ? undefined : createPair(key, used);
}

function readOther(key: string, value: string | undefined, raw: string): QueryPair | QueryFault {
  if (value === undefined) return fault(`the value of ${key} is not well encoded`);
  if (key === 'digest' && !isDigest(value)) return fault('digest is not a digest', 'DIGEST_INVALID');
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
