import { pino } from 'pino';
import type { DestinationStream, Level } from 'pino';
import type { Logger } from '../lib/logger.ts';
import type { Exchange } from './exchange.ts';

export interface LogOptions {
  readonly level: Level;
  /** Where the lines go; standard output by default. */
  readonly destination?: DestinationStream;
}

export interface Log extends Logger {
  /** Writes out what is buffered. Call before the process ends. */
  flush(): void;
}

/** JSON lines by pino. A closed pipe or a full disk loses lines and nothing else. */
export function createLog({ level, destination }: LogOptions): Log {
  const stream = destination ?? standardOutput();
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return Object.assign(logger, { flush: () => flush(stream) });
}

function standardOutput(): DestinationStream {
  const stream = pino.destination({ dest: 1, sync: false });
  stream.on('error', () => undefined);
  return stream;
}

function flush(stream: DestinationStream): void {
  if (!('flushSync' in stream) || typeof stream.flushSync !== 'function') return;
  try {
    stream.flushSync();
  } catch {
    // Not open yet or gone: there is nowhere to say so.
  }
}

/** One line per exchange, from a fixed list of fields: a field that nobody chose to log cannot leak. */
export function logExchange(logger: Logger, exchange: Exchange): void {
  const { request } = exchange;
  const fields = {
    id: exchange.id,
    address: exchange.address,
    user: exchange.user,
    method: exchange.method,
    path: exchange.path,
    ...(request === undefined ? {} : requestFields(request)),
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
