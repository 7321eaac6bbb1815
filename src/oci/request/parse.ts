import type { ProblemCode } from '../problem.ts';
import { createPair, createQuery, parseQuery, renderQuery, withoutKeys } from './query.ts';
import type { Query } from './query.ts';
import type { Action, RegistryRequest } from './request.ts';
import { METHODS, namesBadDigest, parseRoute, renderRoute } from './route.ts';
import type { RegistryMethod, Route } from './route.ts';

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
  return { kind: 'request', request: createRequest(method, route, usableQuery(route, parsed.query, text)) };
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
function usableQuery(route: Route, query: Query, text: string): Query {
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
