import type { Terminal } from '../terminal.ts';
import { renderSize } from '../amounts.ts';
import { measureRate } from './rate.ts';
import { renderAmounts, renderBar, type Bar } from './render-progress.ts';

/** Shows transfers on standard error: bars that move on a terminal, a line for each elsewhere. */
export interface Progress {
  /** Adds to what is to be transferred in total. */
  expect(bytes: number): void;
  /** `key` names the transfer for the calls that follow. */
  begin(key: string, label: string, bytes: number): void;
  moved(key: string, bytes: number): void;
  /** `words` says what became of it: `copied`, `there`. The bytes that did not move count as done. */
  end(key: string, words: string, bytes: number): void;
  /** Prints a line of its own, with its line end. */
  say(text: string): void;
  /** Takes the bars away. */
  close(): void;
}

interface ProgressOptions {
  readonly terminal: Pick<Terminal, 'env' | 'err' | 'errColumns'>;
  readonly isQuiet?: boolean;
  readonly now?: () => number;
}

const REDRAW_MS = 100;
/** Elsewhere than on a terminal: how often the total is said. */
const TOTAL_MS = 10_000;
/** So many bars at once; more would scroll away on a small terminal. */
const MOST_BARS = 12;

/**
 * Opens the progress of a command. Our own: the well-kept libraries for bars draw one bar, or bring their own event loop
 * and colours, and none of them leaves out the control codes for NO_COLOR, TERM=dumb and pipes.
 */
export function openProgress({
  terminal,
  isQuiet = false,
  now = () => performance.now(),
}: ProgressOptions): Progress {
  if (isQuiet) return quietProgress(terminal);
  const isDumb = (terminal.env['NO_COLOR'] ?? '') !== '' || terminal.env['TERM'] === 'dumb';
  const columns = isDumb ? undefined : terminal.errColumns?.();
  return columns === undefined ? lineProgress(terminal, now) : barProgress(terminal, now);
}

function quietProgress({ err }: Pick<Terminal, 'err'>): Progress {
  const nothing = (): void => undefined;
  return { expect: nothing, begin: nothing, moved: nothing, end: nothing, say: err, close: nothing };
}

/** Sums of all transfers. */
interface Total {
  expected: number;
  done: number;
}

/** Notes how far each transfer is. */
function createBooks(now: () => number): {
  readonly total: Total;
  readonly running: Map<string, { readonly label: string; readonly bytes: number; done: number }>;
  readonly perSecond: () => number | undefined;
  readonly moved: (key: string, bytes: number) => void;
  readonly end: (key: string, bytes: number) => void;
} {
  const total: Total = { expected: 0, done: 0 };
  const running = new Map<string, { readonly label: string; readonly bytes: number; done: number }>();
  const rate = measureRate(now);
  return {
    total,
    running,
    perSecond: () => rate.perSecond(),
    moved: (key, bytes) => {
      const one = running.get(key);
      if (one !== undefined) one.done += bytes;
      total.done += bytes;
      rate.add(bytes);
    },
    end: (key, bytes) => {
      total.done += bytes - (running.get(key)?.done ?? 0);
      running.delete(key);
    },
  };
}

function totalBar({ total, perSecond }: ReturnType<typeof createBooks>): Bar {
  return { label: 'total', done: total.done, total: Math.max(total.expected, total.done), rate: perSecond() };
}

/** Plain lines, for a log. */
function lineProgress(terminal: Pick<Terminal, 'err'>, now: () => number): Progress {
  const books = createBooks(now);
  let next = now() + TOTAL_MS;
  return {
    expect: (bytes) => void (books.total.expected += bytes),
    begin: (key, label, bytes) => void books.running.set(key, { label, bytes, done: 0 }),
    moved: (key, bytes) => {
      books.moved(key, bytes);
      if (now() < next) return;
      next = now() + TOTAL_MS;
      terminal.err(`total ${renderAmounts(totalBar(books))}\n`);
    },
    end: (key, words, bytes) => {
      const label = books.running.get(key)?.label;
      books.end(key, bytes);
      if (label !== undefined) terminal.err(`${label} ${words} ${renderSize(bytes)}\n`);
    },
    say: (text) => terminal.err(text),
    close: () => undefined,
  };
}

function barProgress(terminal: ProgressOptions['terminal'], now: () => number): Progress {
  const books = createBooks(now);
  let drawn = 0;
  const erase = (): string => (drawn === 0 ? '' : `\u001b[${drawn}A\u001b[0J`);
  const draw = (): void => {
    // One column stays free: a line that fills the last one would wrap on some terminals.
    const columns = (terminal.errColumns?.() ?? 80) - 1;
    const bars = [...books.running.values()].slice(0, MOST_BARS);
    const lines = [
      ...bars.map(({ label, bytes, done }) => renderBar({ label, done, total: bytes }, columns)),
      renderBar(totalBar(books), columns),
    ];
    terminal.err(`${erase()}${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, REDRAW_MS);
  // The command ends when its work does.
  timer.unref();
  return {
    expect: (bytes) => void (books.total.expected += bytes),
    begin: (key, label, bytes) => void books.running.set(key, { label, bytes, done: 0 }),
    moved: books.moved,
    end: (key, _words, bytes) => books.end(key, bytes),
    say: (text) => {
      const before = erase();
      drawn = 0;
      terminal.err(`${before}${text}`);
    },
    close: () => {
      clearInterval(timer);
      if (drawn > 0) terminal.err(erase());
      drawn = 0;
    },
  };
}
