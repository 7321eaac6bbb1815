import { hostname } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { AppError, systemCode } from '../../lib/errors.ts';
import type { Owner } from '../../lib/files/ownership.ts';
import type { StartedAs } from './invocation.ts';

/** What a command may touch of the process it runs in. Tests pass a recorder. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a person can be asked and answered: standard input and standard error are a terminal. */
  readonly isTTY: boolean;
  /** Whether standard output is a terminal. */
  readonly isOutTTY: boolean;
  /** The runtime that the process stands on. */
  readonly platform: {
    readonly nodeVersion: string;
    readonly execArgv: readonly string[];
    readonly nodeOptions: string;
    readonly rejectUnauthorized: string | undefined;
  };
  readonly startedAs: StartedAs;
  /** Data, to standard output. The text comes with its own line end. */
  out(text: string): void;
  /** Resolves when what was written is taken; false where nobody reads any more. For those who write more than fits into memory. */
  readonly outTaken?: () => Promise<boolean>;
  /** A text with each command as it is typed here. `err` does that by itself. */
  typed(text: string): string;
  /** Words for a person, to standard error. */
  err(text: string): void;
  /** Asks a question whose answer is not echoed. Only where `isTTY`. */
  askSecret(question: string): Promise<string>;
  /** All of standard input. */
  readStdin(): Promise<Buffer>;
  /**
   * Goes on as another user, so that what root makes for them is theirs, until the returned function is called. Does
   * nothing where this process is not root.
   */
  actAs(owner: Owner): () => void;
  /** Whether it was a terminal when the program began, and is closed now. */
  isClosed(): boolean;
  /** Whether this process was told to stop before it listened. */
  isStopAsked?(): boolean;
  /** Calls back for each signal until the returned function is called. */
  onSignal(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: () => void): () => void;
}

/** The real terminal: the only user of `process` besides main. */
export const processTerminal: Terminal = {
  env: process.env,
  isTTY: process.stdin.isTTY && process.stderr.isTTY,
  isOutTTY: process.stdout.isTTY,
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
  outTaken,
  err: (text) => void process.stderr.write(text),
  askSecret,
  readStdin,
  actAs,
  // What was a terminal is none any more once it has hung up.
  isClosed: () => process.stdin.isTTY && process.stderr.isTTY && !(isatty(0) && isatty(2)),
  onSignal: (signal, listener) => {
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  },
};

/** A reader that leaves early (`registry-gate certs status | head -1`) is no failure of ours: what it did not want is dropped. */
export function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      // EIO: a terminal that was closed.
      if (!['EPIPE', 'EIO'].includes(systemCode(error) ?? '')) throw error;
    });
  }
}

async function askSecret(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: silent, terminal: true });
  // Only now is the echo off: what answers the question at once must not be shown.
  process.stderr.write(question);
  try {
    return await prompt.question('');
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    throw new AppError('INTERRUPTED', { message: 'Nothing was changed.', cause: error });
  } finally {
    prompt.close();
    process.stderr.write('\n');
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

async function outTaken(): Promise<boolean> {
  const { stdout } = process;
  if (stdout.writableNeedDrain && !stdout.destroyed) {
    await new Promise<void>((resolve) => {
      stdout.once('drain', resolve);
      stdout.once('close', resolve);
    });
  }
  return !stdout.destroyed;
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}
