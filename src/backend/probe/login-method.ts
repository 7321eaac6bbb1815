import { readChallenge } from '../../oci/challenge.ts';
import { ask } from '../client/ask.ts';
import { createBackend, type Backend } from '../client/backend.ts';
import type { BackendOptions } from '../client/backend-address.ts';

/** How a registry authenticates: by a password with each request, or by tokens of a service. */
export type LoginMethod = { readonly kind: 'basic' } | TokenService;

/** A token service (distribution: token authentication). */
interface TokenService {
  readonly kind: 'bearer';
  readonly place: Backend;
  readonly path: string;
  /** The query without the scopes. */
  readonly query: string;
}

/** A token and its life in seconds. */
interface FetchedToken {
  readonly token: string;
  readonly seconds: number;
}

interface Circumstances {
  readonly backend: Backend;
  readonly timeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const TOKEN_BYTES = 16 * 1024;
/** The life of a token without `expires_in` (distribution: token authentication). */
const DEFAULT_SECONDS = 60;

/** Reads the challenge of the base path of the registry. A registry without a challenge gets the password. */
export async function findLoginMethod({ backend, timeoutMs, now }: Circumstances): Promise<LoginMethod> {
  const { status, headers } = await ask(backend, { path: '/v2/', timeoutMs, largestBytes: 64 * 1024 });
  const challenge = status === 401 ? readChallenge(headers['www-authenticate'] ?? '') : undefined;
  if (challenge?.scheme !== 'bearer') return { kind: 'basic' };
  const { service } = challenge.parameters;
  const url = realmOf(challenge.parameters['realm'] ?? '', backend);
  const query = [url.search.slice(1), service === undefined ? '' : `service=${encodeURIComponent(service)}`];
  return {
    kind: 'bearer',
    place: createBackend(placeOf(url, backend.options), now),
    path: url.pathname,
    query: query.filter((part) => part !== '').join('&'),
  };
}

/** Throws if the password would be sent in plain text although the registry itself uses https. */
function realmOf(realm: string, backend: Backend): URL {
  if (!URL.canParse(realm)) throw new Error('the registry names no token service');
  const url = new URL(realm);
  if (url.protocol === 'https:') return url;
  if (url.protocol === 'http:' && backend.options.kind !== 'https') return url;
  throw new Error('the registry names a token service that is not reached by https');
}

/** A token service with https is verified by the same authorities as the registry. */
function placeOf(url: URL, registry: BackendOptions): BackendOptions {
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  if (url.protocol === 'http:') return { kind: 'http', host, port: Number(url.port || 80) };
  const ca = registry.kind === 'https' ? registry.ca : undefined;
  return { kind: 'https', host, port: Number(url.port || 443), ca };
}

/** Requests a token for these scopes (`repository:app:pull`), with the password as Basic. */
export async function fetchToken(
  { place, path, query }: TokenService,
  scopes: readonly string[],
  { authorization, timeoutMs }: { readonly authorization: string; readonly timeoutMs: number },
): Promise<FetchedToken> {
  const asked = scopes.map((scope) => `scope=${encodeURIComponent(scope)}`);
  const question = [query, ...asked].filter((part) => part !== '').join('&');
  const answer = await ask(place, {
    path: `${path}?${question}`,
    timeoutMs,
    largestBytes: 2 * TOKEN_BYTES,
    authorization,
  });
  if (answer.status === 200) return readToken(answer.text);
  throw new Error(`the token service of the registry answers ${answer.status}`);
}

function readToken(text: string | undefined): FetchedToken {
  const { token, access_token: accessToken, expires_in: seconds } = parseObject(text ?? '');
  const value = typeof token === 'string' && token !== '' ? token : accessToken;
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value) || value.length > TOKEN_BYTES) {
    throw new Error('the token service of the registry answers without a token');
  }
  const isUsable = typeof seconds === 'number' && seconds >= 1;
  return { token: value, seconds: isUsable ? seconds : DEFAULT_SECONDS };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
