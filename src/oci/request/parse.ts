import type { ProblemCode } from '../problem.ts';
import { createPair, createQuery, parseQuery, renderQuery, withoutKeys } from './query.ts';
import type { Query } from './query.ts';
import type { Action, RegistryRequest } from './request.ts';
import { METHODS, namesBadDigest, parseRoute, renderRoute } from './route.ts';
import type { RegistryMethod, Route } from './route.ts';

export type ParseOutcome =
  | { readonly kind: 'request'; readonly request: RegistryRequest }
  /** The path is none of the registry's. */
  | { readonly kind: 'unknown' }
  /** The path is known, the method is not one of its own. */
  | { readonly kind: 'method'; readonly allow: readonly RegistryMethod[] }
  | { readonly kind: 'invalid'; readonly code: ProblemCode; readonly reason: string };

/**
 * THE gate: method and raw request target to a RegistryRequest. What this function does not know never reaches the
 * backend, and what does reach it is `request.target`, made from the parsed values and not from the client's text.
 * Linear in the length of the target.
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

/** Whether the key stands there at all. */
const FROM = /(?:^|&)from(?:=|&|$)/;

/** Names per page of the catalog at most (distribution: `catalog.maxentries`). A page of any size is memory in the registry (CVE-2023-2253). */
const LARGEST_PAGE = 1000;

/**
 * The query without hints that this route can't use. A `from` that can't be used takes its `mount` along: alone it would
 * ask the registry to look for the blob everywhere (distribution-spec end-11), which the client did not mean.
 */
function usableQuery(route: Route, query: Query, text: string): Query {
  const isFromGood = query.get('from') !== undefined || !FROM.test(text);
  const isMount = route.kind === 'uploads' && query.get('mount') !== undefined && isFromGood;
  const kept = isMount ? query : withoutKeys(query, ['mount', 'from']);
  if (route.kind !== 'catalog' || Number(kept.get('n') ?? 0) <= LARGEST_PAGE) return kept;
  const capped = createPair('n', String(LARGEST_PAGE));
  return createQuery(kept.pairs.map((pair) => (pair.key === 'n' ? capped : pair)));
}

/** Whoever pushes under a digest that is none is told so, with 400 (distribution-spec end-7). */
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

/** From the method and never from a guess at what exists: overwriting `latest` is a push like any other. */
function actionOf(method: RegistryMethod, route: Route): Action | undefined {
  if (route.kind === 'base' || route.kind === 'catalog') return undefined;
  // Ending an upload of one's own is part of pushing: clients do it after a mount that turned out not to be needed.
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
