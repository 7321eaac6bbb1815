import type { Attributes } from '@opentelemetry/api';
import type { RegistryRequest } from '../../oci/request/parse.ts';
import type { RouteKind } from '../../oci/request/route.ts';
import type { Exchange } from '../exchange.ts';

/** The `http.route` of a route: the path with a placeholder for each variable part. */
const ROUTES: Readonly<Record<RouteKind, string>> = {
  base: '/v2/',
  catalog: '/v2/_catalog',
  tags: '/v2/{name}/tags/list',
  manifest: '/v2/{name}/manifests/{reference}',
  blob: '/v2/{name}/blobs/{digest}',
  uploads: '/v2/{name}/blobs/uploads/',
  upload: '/v2/{name}/blobs/uploads/{upload}',
  referrers: '/v2/{name}/referrers/{digest}',
};

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Returns the name of a span (semantic conventions for HTTP): method and route, and never a client's text. */
export function nameOf(method: string, request: RegistryRequest | undefined): string {
  const known = METHODS.has(method) ? method : 'HTTP';
  return request === undefined ? known : `${known} ${ROUTES[request.route.kind]}`;
}

/** The attributes known at the beginning, which samplers see. */
export function startAttributes(
  id: string,
  request: RegistryRequest | { readonly method: string },
  host: string | undefined,
): Attributes {
  return {
    'http.request.method': METHODS.has(request.method) ? request.method : '_OTHER',
    'url.scheme': 'https',
    'registry_gate.request_id': id,
    ...('route' in request ? { 'http.route': ROUTES[request.route.kind] } : {}),
    ...(host === undefined ? {} : serverAttributes(host)),
  };
}

/** `registry.example:5000` to address and port. */
function serverAttributes(host: string): Attributes {
  const url = URL.parse(`https://${host}/`);
  if (url === null) return {};
  return { 'server.address': url.hostname, 'server.port': url.port === '' ? 443 : Number(url.port) };
}

/** The attributes known at the end. Not the query of the target, which holds the state of uploads. */
export function endAttributes(exchange: Exchange): Attributes {
  const { path, userAgent, address, received, sent } = exchange;
  return {
    ...resultAttributes(exchange, 500),
    'client.address': address,
    'network.protocol.version': '1.1',
    'http.request.body.size': received,
    'http.response.body.size': sent,
    ...(path === undefined ? {} : { 'url.path': path }),
    ...(userAgent === undefined ? {} : { 'user_agent.original': userAgent }),
  };
}

/**
 * The attributes of the exchange with the registry. The status is the one that the client got, from the registry or
 * from the gate.
 */
export function backendAttributes(exchange: Exchange): Attributes {
  return { ...resultAttributes(exchange, 400), 'http.request.method': exchange.method };
}

function resultAttributes({ status, outcome, problem }: Exchange, failsFrom: number): Attributes {
  const failure = outcome === 'complete' ? undefined : outcome;
  const error = failure ?? (status >= failsFrom ? (problem?.code ?? String(status)) : undefined);
  return {
    ...(status === 0 ? {} : { 'http.response.status_code': status }),
    ...(error === undefined ? {} : { 'error.type': error }),
  };
}
