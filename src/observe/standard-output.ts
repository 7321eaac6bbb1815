import { fstatSync, statfsSync } from 'node:fs';
import { isatty } from 'node:tty';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';

type SonicBoom = ReturnType<typeof pino.destination>;

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

/** Lines on their way to standard output; `shared` with other processes. */
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
  gatherLines(stream, sizes);
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
    // To a disk that is full or a terminal that is closed they would write for ever, and pino calls them once more when
    // the process ends.
    if (isFailing || isDiskFull() || (isTerminal && !isatty(1)))
      Object.assign(stream, { flushSync: () => undefined, end: () => undefined });
    try {
      stream.flushSync();
    } catch {
      // Not open yet, gone or full: there is nowhere to say so.
    }
  };
  return { stream: { write }, flush };
}

/**
 * Hands over whole lines, as many as fit into a write. The stream by itself counts the bytes of all that it holds anew with
 * each line, for which V8 has to copy them: that was half of what a line took, and a sixth of all garbage.
 */
function gatherLines(stream: SonicBoom, { minLength, maxWrite }: typeof OWN): void {
  const { write, flush, flushSync, end } = stream;
  let lines = '';
  let length = 0;
  /** Bytes that the stream was given and has not written. */
  let unwritten = 0;
  /** How many they were when the stream was last told to write them. Where writing fails they stay as many. */
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
  // What was handed over while a write was under way stays with the stream if it is little. No later line may come, and a
  // stream that nobody refers to any more is not flushed at the end: pino holds it by a weak reference.
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
  // It calls them by itself as well, when the process ends.
  stream.flush = (...args) => {
    hand();
    flush.apply(stream, args);
  };
  stream.flushSync = () => {
    // A stream that is given enough writes at once, on another thread, and the process may end before that does.
    Object.assign(stream, { minLength: Infinity });
    hand();
    Object.assign(stream, { minLength });
    flushSync.call(stream);
  };
  // A program that has nothing more to do is ended by this, before the time of the last lines has come.
  stream.end = () => {
    hand();
    end.call(stream);
  };
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
