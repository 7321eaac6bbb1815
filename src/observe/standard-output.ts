import { fstatSync, statfsSync } from 'node:fs';
import { isatty } from 'node:tty';
import { pino, type DestinationStream } from 'pino';

type SonicBoom = ReturnType<typeof pino.destination>;

const MOST_BUFFERED = 4 * 1024 * 1024;
/**
 * Lines are written together, as many as arrive within this time or fill a buffer: a write for each, on another thread,
 * took a tenth of the time of a small request. SIGKILL and a machine failure lose the lines of this time; every other
 * end of the process flushes them.
 */
const FLUSH_MS = 50;
const OWN = { minLength: 8 * 1024, maxWrite: 16 * 1024 };
/**
 * A write of up to PIPE_BUF bytes to a pipe (pipe(7)) is never mixed with that of another process, and it holds whole
 * lines.
 */
const SHARED = { minLength: 4095, maxWrite: 4096 };
/** How often a full pipe is retried at the end, 100 ms each. */
const LAST_TRIES = 10;
/** More bytes than this are buffered only if writing fails. */
const LAST_BYTES = 64 * 1024;

/** Returns a stream to standard output; `shared` with other processes. */
export function standardOutput(shared: boolean): { readonly stream: DestinationStream; flush(): void } {
  const sizes = shared ? SHARED : OWN;
  let triesLeft = Infinity;
  const stream = pino.destination({
    dest: 1,
    sync: false,
    ...sizes,
    maxLength: MOST_BUFFERED,
    retryEAGAIN: () => (triesLeft -= 1) >= 0,
  });
  const isTerminal = isatty(1);
  let isGone = false;
  let isFailing = false;
  stream.on('error', () => void (isFailing = true));
  stream.on('write', () => void (isFailing = false));
  stream.on('close', () => void (isGone = true));
  bufferLines(stream, sizes);
  let timer: NodeJS.Timeout | undefined;
  const write = (line: string): void => {
    stream.write(line);
    timer ??= setTimeout(() => {
      timer = undefined;
      // Without a callback: with one, the file would be synced each time.
      if (!isGone) stream.flush();
    }, FLUSH_MS).unref();
  };
  const flush = (): void => {
    triesLeft = LAST_TRIES;
    // On a full disk or a closed terminal these functions would retry for ever, and pino calls them again when the
    // process ends.
    if (isFailing || isDiskFull() || (isTerminal && !isatty(1)))
      Object.assign(stream, { flushSync: () => undefined, end: () => undefined });
    try {
      stream.flushSync();
    } catch {
      // Not open yet, closed or full: the error can't be reported anywhere.
    }
  };
  return { stream: { write }, flush };
}

/**
 * Passes whole lines to the stream, as many as fit into a write. The stream itself counts the bytes of everything it
 * holds again with each line, for which V8 copies them: that took half the time of a line and made a sixth of all
 * garbage.
 */
function bufferLines(stream: SonicBoom, { minLength, maxWrite }: typeof OWN): void {
  const { write, flush, flushSync, end } = stream;
  let lines = '';
  let length = 0;
  /** Bytes that were passed to the stream but not written. */
  let unwritten = 0;
  /** Its value when the stream was last told to write. If writing fails it stays the same. */
  let tried = 0;
  const hand = (): void => {
    const text = lines;
    unwritten += length;
    tried = 0;
    [lines, length] = ['', 0];
    if (text !== '') write.call(stream, text);
  };
  stream.on('write', (bytes: number) => void (unwritten -= bytes));
  stream.on('drop', (text: string) => void (unwritten -= Buffer.byteLength(text)));
  // The stream keeps a small rest that was passed while a write was in progress. A later line may never come, and pino
  // holds the stream by a weak reference, so an unreferenced stream is not flushed at the end.
  stream.on('drain', () => {
    if (unwritten <= 0 || unwritten === tried) return;
    tried = unwritten;
    flush.call(stream);
  });
  stream.write = (line) => {
    const bytes = Buffer.byteLength(line);
    if (length + bytes > maxWrite) hand();
    lines += line;
    length += bytes;
    return true;
  };
  // The stream also calls these by itself when the process ends.
  stream.flush = (...args) => {
    hand();
    flush.apply(stream, args);
  };
  stream.flushSync = () => {
    // A stream with enough bytes writes at once on another thread, and the process may end before that.
    Object.assign(stream, { minLength: Infinity });
    hand();
    Object.assign(stream, { minLength });
    flushSync.call(stream);
  };
  // Ends a program that has nothing more to do before its last lines are due.
  stream.end = () => {
    hand();
    end.call(stream);
  };
}

/** Reports whether standard output is a file on a disk without room for the buffered lines. */
function isDiskFull(): boolean {
  try {
    const { bavail, bsize } = statfsSync('/proc/self/fd/1');
    return fstatSync(1).isFile() && bavail * bsize < LAST_BYTES;
  } catch {
    return false;
  }
}
