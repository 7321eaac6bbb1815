import type { IncomingMessage } from 'node:http';
import type { Logger } from '../../lib/logger.ts';
import { createIdleWatch, type IdleLimits } from '../../lib/streams/idle-watch.ts';
import { bodyLength } from '../../oci/request/body.ts';
import type { Backend } from '../client/backend.ts';
import { reportFailures } from '../client/failure.ts';
import type { Job } from '../reply/job.ts';
import { createControlTransport } from './control-request.ts';
import { ProxiedRequest } from './proxied-request.ts';
import type { Transport } from './transport.ts';

interface ForwarderOptions {
  readonly backend: Backend;
  readonly idle: IdleLimits;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly logger: Logger;
}

interface Forwarder {
  readonly forward: Transport;
  close(): void;
}

/** Forwards jobs to a registry that is reached through the network. Nothing of a body is kept on the way. */
export function createForwarder({ backend, idle, now, logger }: ForwarderOptions): Forwarder {
  const { pool, authority, prefix } = backend;
  const watch = createIdleWatch(idle, now);
  const dependencies = { pool, authority, prefix, watch, report: reportFailures(backend, logger) };
  const stream: Transport = (job) => new ProxiedRequest(job, dependencies, isPush(job)).start();
  const control = createControlTransport(backend, dependencies);
  return {
    forward: (job) => (isPull(job) || isPush(job) ? stream(job) : control(job)),
    close: () => {
      watch.close();
      backend.close();
    },
  };
}

/** Whether a request only asks: it has no body, may be sent twice, and shares connections. */
function isPull({ req, request }: Job): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && !hasBody(req);
}

/** Whether a request may carry a layer. Any other one starts an upload, or names or deletes something. */
function isPush({ req, request: { method, route } }: Job): boolean {
  if (route.kind === 'uploads') return hasBody(req);
  return route.kind === 'upload' && (method === 'PATCH' || method === 'PUT');
}

function hasBody(req: IncomingMessage): boolean {
  return bodyLength(req.headers) !== 0;
}
