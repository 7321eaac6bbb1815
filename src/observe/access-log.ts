import { fstatSync, statfsSync } from 'node:fs';
import { pino } from 'pino';
import type { DestinationStream, Level } from 'pino';
import type { Logger } from '../lib/logger.ts';
import type { Exchange } from './exchange.ts';

export interface LogOptions {
  readonly level: Level;
  /** Where the lines go; standard output by default. */
  readonly destination?: DestinationStream;
  /** Whether other processes write to the same place: no line of theirs falls into one of ours. */
  readonly shared?: boolean;
  /** Stands in each line as `worker`. */
  readonly worker?: number;
}

export interface Log extends Logger {
  /** Writes out what is buffered. Call before the process ends. */
  flush(): void;
}

/** JSON lines by pino. A closed pipe, a full disk or a reader that has gone to sleep loses lines and nothing else. */
export function createLog({ level, destination, shared = false, worker }: LogOptions): Log {
  const { stream, flush } =
    destination === undefined
      ? standardOutput(shared ? SHARED : OWN)
      : { stream: destination, flush: () => undefined };
  const base = worker === undefined ? null : { worker };
  const logger = pino({ level, base, timestamp: createTimestamp() }, stream);
  return Object.assign(logger, { flush });
}

/** The `time` of a line, rendered once for all lines of a millisecond. */
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

const MOST_BUFFERED = 4 * 1024 * 1024;
/**
 * Lines are written together, as many as come within this time or fill a buffer; a write for each, on another thread,
 * was a tenth of what a small request took in all. A process that is killed by SIGKILL takes the lines of this time with
 * it, and so does a machine that fails; every other end flushes them.
 */
const HOLD_MS = 50;
const OWN = { minLength: 8 * 1024, maxWrite: 16 * 1024 };
/** Up to PIPE_BUF (pipe(7)) a write to a pipe is never mixed with that of another process, and it is made of whole lines. */
const SHARED = { minLength: 4095, maxWrite: 4096 };
/** How often a full pipe is tried again at the end, 100 ms each. */
const LAST_TRIES = 10;
/** More lies here only where writing fails. */
const LAST_BYTES = 64 * 1024;

function standardOutput(sizes: typeof OWN): { readonly stream: DestinationStream; flush(): void } {
  let triesLeft = Infinity;
  const stream = pino.destination({
    dest: 1,
    sync: false,
    ...sizes,
    maxLength: MOST_BUFFERED,
    retryEAGAIN: () => (triesLeft -= 1) >= 0,
  });
  let isGone = false;
  let isFailing = false;
  stream.on('error', () => void (isFailing = true));
  stream.on('write', () => void (isFailing = false));
  stream.on('close', () => void (isGone = true));
  let timer: NodeJS.Timeout | undefined;
  const write = (line: string): void => {
    stream.write(line);
    timer ??= setTimeout(() => {
      timer = undefined;
      // Not with a callback: the file would be synced to its disk each time.
      if (!isGone) stream.flush();
    }, HOLD_MS).unref();
  };
  const flush = (): void => {
    triesLeft = LAST_TRIES;
    // On a disk that is full they would try for ever, and pino calls them once more when the process ends.
    if (isFailing || isDiskFull())
      Object.assign(stream, { flushSync: () => undefined, end: () => undefined });
    try {
      stream.flushSync();
    } catch {
      // Not open yet, gone or full: there is nowhere to say so.
    }
  };
  return { stream: { write }, flush };
}

/** Whether standard output is a file on a disk that has no room for what may lie here at the end. */
function isDiskFull(): boolean {
  try {
    const { bavail, bsize } = statfsSync('/proc/self/fd/1');
    return fstatSync(1).isFile() && bavail * bsize < LAST_BYTES;
  } catch {
    return false;
  }
}

/** One line per exchange, from a fixed list of fields: a field that nobody chose to log cannot leak. */
export function logExchange(logger: Logger, exchange: Exchange): void {
  const { request } = exchange;
  const fields = {
    id: exchange.id,
    address: exchange.address,
    // Before all that a client chose: who bans addresses by this line reads no further.
    failedLogin: exchange.failedLogin,
    user: exchange.user,
    rule: exchange.rule,
    mount: exchange.mount,
    cache: exchange.cache,
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
