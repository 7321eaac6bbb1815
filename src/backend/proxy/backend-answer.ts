import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { systemCode } from '../../lib/errors.ts';
import { createProblem } from '../../oci/problem.ts';
import type { Problem } from '../../oci/problem.ts';
import type { Backend } from '../client/backend.ts';
import type { RegistryRequest } from '../../oci/request/request.ts';
import type { Origin } from '../reply/job.ts';
import { explainFailure } from '../client/failure.ts';
import { isSameAddress, redirectAtBackend } from '../client/location.ts';
import type { LocationContext } from '../client/location.ts';
import { refusalPage } from '../client/refusal-page.ts';
import { responseHeaders } from '../client/response-headers.ts';
import type { Transfer } from './control-request.ts';

const MISDIRECTED = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate sends its clients elsewhere.',
  { status: 502 },
);

const REDIRECTS_TO_HTTPS = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate redirects to https. The operator of the gate sets --backend to https://...',
  { status: 502 },
);

/** The registry wants a sign-in of its own, or has taken the gate's no more. */
export const OWN_LOGIN = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate wants a login of its own, or refuses the one of the gate. Switch its authentication off, or set backendUser.',
  { status: 502 },
);

export const BROKEN_OFF = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate broke off its answer.',
  {
    status: 502,
  },
);

export const STRANGE = createProblem(
  'UNAVAILABLE',
  'The answer of the registry behind this gate is not fit to be passed on.',
  {
    status: 502,
  },
);

export const TOO_OLD = createProblem('UNSUPPORTED', 'This answer has no length. Ask for it with HTTP/1.1.', {
  status: 505,
});

export const PROTOCOL_CHANGE = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate wanted to change protocols.',
  {
    status: 502,
    close: true,
  },
);

export type CrossingOutcome =
  | { readonly ok: true; readonly headers: Record<string, string> }
  | {
      readonly ok: false;
      readonly problem: Problem;
      /** The target at the same host that has the answer; the client cannot go there itself. */
      readonly follow?: string | undefined;
    };

export interface CrossingContext extends Pick<LocationContext, 'uploadSeal'> {
  readonly request: RegistryRequest;
  readonly origin: Origin;
  /** `host:port` as the registry would name itself, lower case. */
  readonly authority: string;
  /** The path of the registry before `/v2/`. */
  readonly prefix: string;
}

/** The fields of an answer as the client may see them, or the problem that it gets instead. */
export function crossAnswer(
  { status, headers }: { readonly status: number; readonly headers: IncomingHttpHeaders },
  { request, origin, authority, prefix, uploadSeal }: CrossingContext,
): CrossingOutcome {
  const problem = refusalOf(status) ?? refusalPage(status, headers);
  if (problem !== undefined) return { ok: false, problem };
  const context = {
    status,
    route: request.route.kind,
    authorities: [origin.host.toLowerCase(), authority],
    prefix,
    uploadSeal,
  };
  const { location } = headers;
  if (location !== undefined && isSameAddress(location, request.target, status)) {
    return { ok: false, problem: /^https:/i.test(location) ? REDIRECTS_TO_HTTPS : MISDIRECTED };
  }
  const outcome = responseHeaders(headers, context);
  if (outcome.ok) return outcome;
  return { ok: false, problem: MISDIRECTED, follow: followed(location, request, context) };
}

function followed(
  location: string | undefined,
  { method, target }: RegistryRequest,
  context: LocationContext,
): string | undefined {
  if (location === undefined || (method !== 'GET' && method !== 'HEAD')) return undefined;
  return redirectAtBackend(location, target, context);
}

/** Sends the head of the backend's answer to the client, or a problem in its place. */
export function beginAnswer(
  transfer: Transfer,
  proxyRes: IncomingMessage,
  { authority, prefix }: Backend,
): void {
  const { req, res, request, origin, count, uploadSeal } = transfer.job;
  const status = proxyRes.statusCode ?? 0;
  const outcome = crossAnswer(
    { status, headers: proxyRes.headers },
    { request, origin, authority, prefix, uploadSeal },
  );
  const unfit = isBodiless(status, req) ? undefined : unmeasured(proxyRes.headers, req);
  if (transfer.settled || unfit !== undefined || !outcome.ok) {
    proxyRes.destroy();
    transfer.fail((outcome.ok ? unfit : outcome.problem) ?? STRANGE);
    return;
  }
  transfer.markResponding();
  // Answered before the body was in: the rest of it is not wanted, and the connection ends here.
  res.writeHead(status, req.complete ? outcome.headers : { ...outcome.headers, connection: 'close' });
  // Whatever comes first: the middleware cuts the client off on an error of its own accord, and would leave no reason.
  proxyRes.once('error', () => transfer.fail(BROKEN_OFF));
  proxyRes.once('close', () => {
    if (!proxyRes.complete) transfer.fail(BROKEN_OFF);
  });
  proxyRes.on('data', (chunk: Buffer) => count('sent', chunk.length));
}

/** Answers that are not for the client. The backend's own challenge is for the gate: a foreign realm would collect passwords. */
function refusalOf(status: number): Problem | undefined {
  if (status === 401 || status === 407) return OWN_LOGIN;
  return status < 200 || status > 599 ? STRANGE : undefined;
}

function isBodiless(status: number, req: IncomingMessage): boolean {
  return req.method === 'HEAD' || status === 204 || status === 304;
}

/**
 * The end of a body has to be told from a broken connection (RFC 9112 section 8), or half a layer would pass as a
 * whole one. With neither a length nor chunks Node takes even a reset for the end; and a client of HTTP/1.0, which
 * knows no chunks, takes the end of the connection for it.
 */
function unmeasured(headers: IncomingHttpHeaders, req: IncomingMessage): Problem | undefined {
  if (headers['content-length'] !== undefined) return undefined;
  if (headers['transfer-encoding']?.toLowerCase() !== 'chunked') return STRANGE;
  return req.httpVersion === '1.0' ? TOO_OLD : undefined;
}

/** What a failed connection to the backend is for the client: 504 where it did not answer in time, 502 otherwise. */
export function problemOf(error: unknown): Problem {
  const status = systemCode(error) === 'ETIMEDOUT' ? 504 : 502;
  const { reason } = explainFailure(error);
  return createProblem('UNAVAILABLE', `The registry behind this gate cannot be reached: ${reason}.`, {
    status,
    close: true,
  });
}
