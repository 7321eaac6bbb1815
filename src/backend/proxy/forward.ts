import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { createProxyMiddleware, proxyEventsPlugin } from 'http-proxy-middleware';
import type { Options, RequestHandler } from 'http-proxy-middleware';
import type { Logger } from '../../lib/logger.ts';
import { bodyLength, tooLarge } from '../../oci/request/body.ts';
import { typeOfBody } from '../../oci/request/body.ts';
import type { Backend } from '../client/backend.ts';
import { beginAnswer, problemOf, PROTOCOL_CHANGE } from './backend-answer.ts';
import { createIdleWatch } from '../../lib/streams/idle-watch.ts';
import type { IdleLimits } from '../../lib/streams/idle-watch.ts';
import { explainFailure } from '../client/failure.ts';
import { reportFailures } from '../client/report-failure.ts';
import { ProxiedRequest } from './proxied-request.ts';
import { PushBody } from './push-body.ts';
import { handleDeferredWriteErrors } from '../client/deferred-write-errors.ts';
import { requestHeaders } from '../client/request-headers.ts';
import { Transfer } from './control-request.ts';
import type { Job } from '../reply/job.ts';

export interface ForwarderOptions {
  readonly backend: Backend;
  readonly idle: IdleLimits;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly logger: Logger;
}

export interface Forwarder {
  /** Takes over the job: it will be answered, by the backend or by a problem, or cut. */
  forward(job: Job): void;
  close(): void;
}

type Middleware = RequestHandler<IncomingMessage, ServerResponse>;
type Hooks = NonNullable<Options<IncomingMessage, ServerResponse>['on']>;

/**
 * Streams requests to the backend and answers to the client, nothing held on the way. What asks (GET, HEAD) and what
 * carries layers up takes the lane of our own; what starts, names or deletes something goes through
 * http-proxy-middleware, with a connection of its own each time. The middleware is given a request whose target and
 * headers are ours already: its own hooks are skipped as soon as a client sends `Expect`, so nothing that protects may
 * live in them.
 */
export function createForwarder({ backend, idle, now, logger }: ForwarderOptions): Forwarder {
  const watch = createIdleWatch(idle, now);
  const report = reportFailures(backend, logger);
  const transfers = new WeakMap<IncomingMessage, Transfer>();

  const onError = (transfer: Transfer, error: Error): void => {
    if (transfer.settled) return;
    if (transfer.job.req.socket.destroyed) {
      transfer.finish();
    } else if (transfer.responding) {
      // The backend has answered and wants no more of the body. Whether its answer comes whole shows in the answer.
      transfer.job.req.unpipe();
      transfer.job.req.resume();
    } else {
      report(transfer.job.origin.requestId, explainFailure(error), error);
      transfer.fail(problemOf(error));
    }
  };

  const start = (job: Job, through: Middleware): void => {
    const transfer = new Transfer(job);
    transfers.set(job.req, transfer);
    watch.add(transfer);
    job.res.once('close', () => {
      watch.remove(transfer);
      transfer.finish();
    });
    void through(job.req, job.res, (error) => transfer.fail(problemOf(error)));
  };

  const hooks = createHooks(transfers, backend, onError);
  const single = createMiddleware(backend, backend.single, hooks);
  const around = { pool: backend.pool, authority: backend.authority, prefix: backend.prefix, watch, report };
  return {
    forward: (job) => {
      if (isPull(job) || isPush(job)) {
        new ProxiedRequest(job, around, isPush(job) ? new PushBody(job) : undefined).start();
        return;
      }
      prepare(job);
      if (hasBody(job.req)) countBody(job, (limit) => transfers.get(job.req)?.fail(tooLarge(limit)));
      start(job, single);
    },
    close: () => {
      watch.close();
      backend.close();
    },
  };
}

function createHooks(
  transfers: WeakMap<IncomingMessage, Transfer>,
  backend: Backend,
  onError: (transfer: Transfer, error: Error) => void,
): Hooks {
  const of = (req: IncomingMessage): Transfer | undefined => transfers.get(req);
  return {
    proxyReq: (proxyReq, req) => {
      const transfer = of(req);
      if (transfer !== undefined) attach(transfer, proxyReq);
    },
    proxyRes: (proxyRes, req) => {
      const transfer = of(req);
      if (transfer !== undefined) beginAnswer(transfer, proxyRes, backend);
    },
    error: (error, req) => {
      const transfer = of(req);
      if (transfer !== undefined) onError(transfer, error);
    },
    econnreset: (_error, req) => of(req)?.finish(),
  };
}

function createMiddleware(backend: Backend, agent: Backend['single'], on: Hooks): Middleware {
  return createProxyMiddleware<IncomingMessage, ServerResponse>({
    target: targetOf(backend),
    agent,
    pathFilter: () => true,
    on,
    // The default plugins answer errors in plain text and log on their own.
    ejectPlugins: true,
    plugins: [proxyEventsPlugin],
  });
}

function targetOf({ options }: Backend): NonNullable<Options['target']> {
  if (options.kind === 'unix')
    return { protocol: 'http:', host: 'localhost', port: 80, socketPath: options.path };
  const host = isIP(options.host) === 6 ? `[${options.host}]` : options.host;
  return `${options.kind}://${host}:${options.port}`;
}

/** Gives the request its canonical target and its header set. */
function prepare({ req, res, request, origin }: Job): void {
  if (req.headers.expect !== undefined) res.writeContinue();
  req.url = request.target;
  const type = typeOfBody(request, req.headers['content-type']);
  req.headers = requestHeaders(req.headers, origin);
  if (type !== undefined) req.headers['content-type'] = type;
}

function countBody(job: Job, onTooLarge: (limit: number) => void): void {
  const { req, bodyLimit, count } = job;
  let received = 0;
  // A paused stream stays paused when a listener is added; the pipe to the backend sets it going.
  req.pause();
  req.on('data', (chunk: Buffer) => {
    received += chunk.length;
    count('received', chunk.length);
    if (bodyLimit !== undefined && received > bodyLimit) onTooLarge(bodyLimit);
  });
}

function attach(transfer: Transfer, proxyReq: ClientRequest): void {
  transfer.attach(proxyReq);
  if (proxyReq.socket !== null && hasBody(transfer.job.req)) handleDeferredWriteErrors(proxyReq.socket);
  // Without a listener a 101 would leave the client without any answer; with one, it is a failure like any other.
  proxyReq.once('upgrade', (_response, socket) => {
    socket.destroy();
    transfer.fail(PROTOCOL_CHANGE);
  });
  // An unasked 1xx makes the connection suspect: it is not used again.
  proxyReq.once('information', () => {
    proxyReq.shouldKeepAlive = false;
  });
}

/** What may be asked twice without harm, and carries nothing: it shares connections, and goes its own way. */
function isPull({ req, request }: Job): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && !hasBody(req);
}

/** What may carry a layer. */
function isPush({ req, request: { method, route } }: Job): boolean {
  if (route.kind === 'uploads') return hasBody(req);
  return route.kind === 'upload' && (method === 'PATCH' || method === 'PUT');
}

function hasBody(req: IncomingMessage): boolean {
  return bodyLength(req.headers) !== 0;
}
