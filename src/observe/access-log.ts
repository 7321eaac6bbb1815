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

/** JSON lines by pino. A closed pipe, a full disk or a reader that has gone to sleep loses lines and nothing else. */
export function createLog({ level, destination }: LogOptions): Log {
  const { stream, flush } =
    destination === undefined ? standardOutput() : { stream: destination, flush: () => undefined };
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return Object.assign(logger, { flush });
}

const MOST_BUFFERED = 4 * 1024 * 1024;
/** How often a full pipe is tried again at the end, 100 ms each. */
const LAST_TRIES = 10;

function standardOutput(): { readonly stream: DestinationStream; flush(): void } {
  let triesLeft = Infinity;
  const stream = pino.destination({
    dest: 1,
    sync: false,
    maxLength: MOST_BUFFERED,
    retryEAGAIN: () => (triesLeft -= 1) >= 0,
  });
  stream.on('error', () => undefined);
  const flush = (): void => {
    triesLeft = LAST_TRIES;
    try {
      stream.flushSync();
    } catch {
      // Not open yet, gone or full: there is nowhere to say so.
    }
  };
  return { stream, flush };
}

/** One line per exchange, from a fixed list of fields: a field that nobody chose to log cannot leak. */
export function logExchange(logger: Logger, exchange: Exchange): void {
  const { request } = exchange;
  const fields = {
    id: exchange.id,
    address: exchange.address,
    user: exchange.user,
    rule: exchange.rule,
    mount: exchange.mount,
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
