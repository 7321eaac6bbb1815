import { pino, type DestinationStream, type Level } from 'pino';
import type { Logger } from '../lib/logger.ts';
import type { Exchange } from './exchange.ts';
import { humanLines, type HumanLogOptions } from './human-log.ts';
import { standardOutput } from './standard-output.ts';

export interface LogOptions {
  readonly level: Level;
  /** Where lines are written. Default: standard output. */
  readonly destination?: DestinationStream;
  /** Whether other processes write to the same destination. Their lines are never mixed with these. */
  readonly shared?: boolean;
  /** Written to each line as `worker`. */
  readonly worker?: number;
  /** Short lines for a person instead of JSON. */
  readonly human?: HumanLogOptions;
}

export interface Log extends Logger {
  /** Writes buffered lines. Call it before the process ends. */
  flush(): void;
}

/**
 * Creates a log of JSON lines, by pino, or of short lines made from them. A closed pipe, a full disk or a stopped
 * reader loses lines but has no other effect.
 */
export function createLog({ level, destination, shared = false, worker, human }: LogOptions): Log {
  const { stream: plain, flush } =
    destination === undefined ? standardOutput(shared) : { stream: destination, flush: () => undefined };
  const stream = human === undefined ? plain : humanLines(plain, human);
  const base = worker === undefined ? null : { worker };
  const logger = pino({ level, base, timestamp: createTimestamp() }, stream);
  return Object.assign(logger, { flush });
}

/** Returns the `time` field, rendered once for all lines of a millisecond. */
function createTimestamp(): () => string {
  let at = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== at) text = `,"time":"${new Date(now).toISOString()}"`;
    at = now;
    return text;
  };
}

/** Writes one line per exchange, from a fixed list of fields, so that no other field can leak. */
export function logExchange(logger: Logger, exchange: Exchange): void {
  const { request } = exchange;
  const fields = {
    id: exchange.id,
    address: exchange.address,
    // Before all fields that a client controls: programs that ban addresses read the line only up to here.
    failedLogin: exchange.failedLogin,
    user: exchange.user,
    rule: exchange.rule,
    mount: exchange.mount,
    cache: exchange.cache,
    method: exchange.method,
    path: exchange.path,
    ...(request === undefined ? {} : requestFields(request)),
    session: exchange.session,
    status: exchange.status,
    error: exchange.problem?.code,
    reason: exchange.problem?.reason,
    received: exchange.received,
    sent: exchange.sent,
    ms: Math.round(exchange.milliseconds * 10) / 10,
    outcome: exchange.outcome,
    agent: exchange.userAgent,
  };
  if (isHealthCheck(exchange)) logger.debug(fields, 'request');
  else if (exchange.status >= 500) logger.warn(fields, 'request');
  else logger.info(fields, 'request');
}

function requestFields({ route, action, mount }: NonNullable<Exchange['request']>): object {
  return {
    kind: route.kind,
    action,
    repository: 'repository' in route ? route.repository : undefined,
    reference: 'reference' in route ? route.reference : 'digest' in route ? route.digest : undefined,
    mountFrom: mount?.from,
  };
}

function isHealthCheck({ path, status }: Exchange): boolean {
  return status < 400 && (path === '/healthz' || path === '/readyz');
}

const LONG_MS = 20_000;

/**
 * Warns if the registry commits a layer so slowly that clients are about to give up: containerd, and clients built on
 * it, wait 30 s for an answer after the last byte, and that can't be configured.
 */
export function warnOfSlowCommit(
  logger: Logger,
  { request, id, status, millisecondsSinceBody }: Exchange,
): void {
  if (millisecondsSinceBody === undefined || millisecondsSinceBody < LONG_MS) return;
  if (request?.method !== 'PUT' || request.route.kind !== 'upload') return;
  logger.warn(
    { id, status, seconds: Math.round(millisecondsSinceBody / 1000) },
    'the registry took long to keep a layer: its storage is too slow for clients that give up after 30 s (containerd, Docker)',
  );
}
