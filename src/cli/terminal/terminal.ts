import { hostname } from 'node:os';
import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { AppError } from '../../lib/errors.ts';
import type { Owner } from '../../lib/files/ownership.ts';
import type { StartedAs } from './invocation.ts';

/** The parts of the process that commands use. Tests pass one that records. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the user can be asked: standard input and standard error are a terminal. */
  readonly isTTY: boolean;
  /** Whether standard output is a terminal. */
  readonly isOutTTY: boolean;
  /** How many columns the terminal of standard output has; undefined if it is none. */
  readonly columns?: () => number | undefined;
  /** How many columns the terminal of standard error has; undefined if it is none. */
  readonly errColumns?: () => number | undefined;
  /** Standard input as bytes, as they come. */
  readonly input?: () => AsyncIterable<Uint8Array>;
  /** Standard output for bytes. It is not to be ended. */
  readonly output?: () => Writable;
  /** The Node.js that runs the process. */
  readonly platform: {
    readonly nodeVersion: string;
    readonly execArgv: readonly string[];
    readonly nodeOptions: string;
    readonly rejectUnauthorized: string | undefined;
  };
  readonly startedAs: StartedAs;
  /** Writes data to standard output. The text includes its line end. */
  out(text: string): void;
  /** Writes bytes to standard output. They may be used again at once. */
  outBytes(bytes: Uint8Array): void;
  /** Resolves when the reader has taken what was written; false if standard output was closed. For commands that write more than fits into memory. */
  readonly outTaken?: () => Promise<boolean>;
  /** Returns, once, why standard output could not be written. */
  readonly outFailure?: () => Promise<AppError | undefined>;
  /** A text with each command as it is typed here, which `err` also prints. */
  typed(text: string): string;
  /** Writes a message to standard error. */
  err(text: string): void;
  /** Asks a question without echoing the answer. Needs `isTTY`. */
  askSecret(question: string): Promise<string>;
  /** Asks a question, and shows the answer as it is typed. Needs `isTTY`. Throws AppError INTERRUPTED. */
  ask(question: string): Promise<string>;
  /** Reads all of standard input. */
  readStdin(): Promise<Buffer>;
  /**
   * Continues as another user until the returned function is called, so that new files belong to that user. Does nothing
   * unless this process is root.
   */
  actAs(owner: Owner): () => void;
  /** Whether there was a terminal at the start that is closed now. */
  isClosed(): boolean;
  /** Whether a stop signal came during the start. */
  isStopAsked?(): boolean;
  /** Calls the listener for each signal until the returned function is called. */
  onSignal(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: () => void): () => void;
}

/** The real terminal: the only user of `process` besides main. */
export const processTerminal: Terminal = {
  env: process.env,
  isTTY: process.stdin.isTTY && process.stderr.isTTY,
  isOutTTY: process.stdout.isTTY,
  columns: () => (process.stdout.isTTY ? process.stdout.columns : undefined),
  errColumns: () => (process.stderr.isTTY ? process.stderr.columns : undefined),
  input: () => process.stdin,
  output: () => process.stdout,
  typed: (text) => text,
  platform: {
    nodeVersion: process.version,
    execArgv: process.execArgv,
    nodeOptions: process.env['NODE_OPTIONS'] ?? '',
    rejectUnauthorized: process.env['NODE_TLS_REJECT_UNAUTHORIZED'],
  },
  startedAs: {
    runtime: process.execPath,
    script: process.argv[1] ?? 'registry-gate',
    directory: process.cwd(),
    pid: process.pid,
    parentPid: process.ppid,
    hostName: hostname(),
  },
  out: (text) => void process.stdout.write(text),
  outBytes,
  outTaken,
  err: (text) => void process.stderr.write(text),
  askSecret,
  ask,
  readStdin,
  actAs,
  // isatty is false after a hangup.
  isClosed: () => process.stdin.isTTY && process.stderr.isTTY && !(isatty(0) && isatty(2)),
  onSignal: (signal, listener) => {
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  },
};

async function askSecret(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: silent, terminal: true });
  // The echo is off only now: an immediate answer must not be shown.
  process.stderr.write(question);
  try {
    return await answerOf(prompt, '');
  } finally {
    process.stderr.write('\n');
  }
}

async function ask(question: string): Promise<string> {
  return answerOf(
    createInterface({ input: process.stdin, output: process.stderr, terminal: true }),
    question,
  );
}

async function answerOf(prompt: Interface, question: string): Promise<string> {
  try {
    return await prompt.question(question);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    throw new AppError('INTERRUPTED', { message: 'Nothing was changed.', cause: error });
  } finally {
    prompt.close();
  }
}

function actAs({ uid, gid }: Owner): () => void {
  if (process.geteuid?.() !== 0 || uid === 0) return () => undefined;
  const group = process.getegid?.() ?? 0;
  process.setegid?.(gid);
  process.seteuid?.(uid);
  return () => {
    process.seteuid?.(0);
    process.setegid?.(group);
  };
}

/** The stream holds on to what it is given, so it gets a copy. */
function outBytes(bytes: Uint8Array): void {
  process.stdout.write(Buffer.from(bytes));
}

async function outTaken(): Promise<boolean> {
  const { stdout } = process;
  if (stdout.writableNeedDrain && !stdout.destroyed) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stdout.off('drain', done).off('close', done);
        resolve();
      };
      stdout.on('drain', done).on('close', done);
    });
  }
  return !stdout.destroyed;
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}
