import { Readable, Writable } from 'node:stream';
import type { Terminal } from '../../src/cli/terminal/terminal.ts';

export interface RecordingTerminal extends Terminal {
  /** All that was written to standard output so far. */
  stdout(): string;
  /** All that was written to standard error so far. */
  stderr(): string;
  /** The bytes that were written to standard output as a stream. */
  stdoutBytes(): Buffer;
  /** The questions that were asked. */
  readonly questions: readonly string[];
  /** Delivers a signal to whoever listens for it. */
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP'): void;
}

export interface RecordingTerminalOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly isTTY?: boolean;
  readonly isOutTTY?: boolean;
  readonly columns?: number;
  /** Columns of the terminal of standard error. Default: it is none. */
  readonly errColumns?: number;
  readonly startedAs?: Partial<Terminal['startedAs']>;
  /** The answers to `askSecret` and `ask`, in order. */
  readonly answers?: readonly string[];
  readonly stdin?: string | Buffer;
}

/** As a package that was installed for the whole machine. */
const INSTALLED: Terminal['startedAs'] = {
  runtime: '/usr/bin/node',
  script: '/usr/bin/registry-gate',
  directory: '/home/jane',
  pid: 4711,
  parentPid: 4700,
  hostName: 'server',
};

/** A terminal without a process: says what the options say, remembers what was written. */
export function recordingTerminal({
  env = {},
  isTTY = false,
  isOutTTY = false,
  columns,
  errColumns,
  startedAs = {},
  answers = [],
  stdin = '',
}: RecordingTerminalOptions = {}): RecordingTerminal {
  const written = { out: '', err: '' };
  const bytes: Buffer[] = [];
  const questions: string[] = [];
  const listeners = new Set<{ readonly name: string; readonly listener: () => void }>();
  const answer = async (question: string): Promise<string> => {
    const given = answers[questions.length];
    questions.push(question);
    if (given === undefined) throw new Error(`no answer prepared for: ${question}`);
    return given;
  };
  return {
    env,
    isTTY,
    isOutTTY,
    columns: () => columns,
    errColumns: () => errColumns,
    input: () => Readable.from([Buffer.from(stdin)]),
    output: () =>
      new Writable({ write: (piece: Buffer, _encoding, done) => (bytes.push(Buffer.from(piece)), done()) }),
    stdoutBytes: () => Buffer.concat(bytes),
    typed: (text) => text,
    platform: { nodeVersion: process.version, execArgv: [], nodeOptions: '', rejectUnauthorized: undefined },
    startedAs: { ...INSTALLED, ...startedAs },
    questions,
    out: (text) => void (written.out += text),
    outBytes: (bytes) => void (written.out += Buffer.from(bytes).toString('latin1')),
    err: (text) => void (written.err += text),
    stdout: () => written.out,
    stderr: () => written.err,
    askSecret: answer,
    ask: answer,
    readStdin: async () => Buffer.from(stdin),
    actAs: () => () => undefined,
    isClosed: () => false,
    onSignal: (name, listener) => {
      const entry = { name, listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    signal: (name) => {
      for (const entry of listeners) if (entry.name === name) entry.listener();
    },
  };
}
