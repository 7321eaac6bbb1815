import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { signalGroup, startProcess } from './processes.ts';
import { PATIENCE_MS } from './patience.ts';

/** The folder that `.ci/tools` unpacks newer clients into. They come last: what the system installed wins. */
export const TOOLS = join(
  process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '/root', '.cache'),
  'registry-gate-tools',
);

for (const folder of [join(TOOLS, 'bin'), join(TOOLS, 'cli-plugins'), '/usr/sbin', '/sbin'])
  appendToPath(folder);

function appendToPath(folder: string): void {
  const path = process.env['PATH'] ?? '';
  if (!path.split(delimiter).includes(folder)) process.env['PATH'] = `${path}${delimiter}${folder}`;
}

export interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until the program is killed and the test fails. */
  readonly deadlineMs?: number;
}

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  /** Standard output and standard error, in the order of arrival. */
  readonly output: string;
}

/** Longest run of a program, in milliseconds, unless a test says otherwise. */
const PROGRAM_MS = 600_000;

/** Runs a program to its end. Resolves whatever its exit status; rejects where it can't be started or takes too long. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { input, cwd, env, deadlineMs = PROGRAM_MS } = options;
  return new Promise((resolve, reject) => {
    const child = startProcess(program, args, { cwd, env: { ...process.env, ...env } });
    const out: string[] = [];
    const all: string[] = [];
    const timer = setTimeout(() => {
      signalGroup(child, 'SIGKILL');
      reject(new Error(`${program} ${args.join(' ')}: not done in ${deadlineMs} ms\n${all.join('')}`));
    }, deadlineMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out.push(text), all.push(text)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => all.push(text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
    child.on('error', (error) => (clearTimeout(timer), reject(error)));
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ status: code ?? -1, stdout: out.join(''), output: all.join('') });
    });
  });
}

/** Runs a program that has to succeed; resolves to its standard output without the last line end. */
export async function must(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const ran = await run(program, args, options);
  if (ran.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: exit status ${ran.status}\n${ran.output}`);
  return ran.stdout.replace(/\n$/, '');
}

export interface Daemon {
  readonly pid: number;
  /** Every line so far, of standard output and standard error. */
  readonly log: readonly string[];
  /** The first line that matches, of the past or of the future. */
  line(pattern: RegExp, deadlineMs?: number): Promise<RegExpExecArray>;
  /** SIGTERM, then SIGKILL after the deadline. Resolves when the process is gone. */
  close(deadlineMs?: number): Promise<void>;
}

/** Starts a program that stays, until the end of the test file at the latest. */
export function startDaemon(
  program: string,
  args: readonly string[],
  options: Pick<RunOptions, 'cwd' | 'env'> = {},
): Daemon {
  const child = startProcess(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => log.push(line));
  }
  let gone = false;
  const exit = new Promise<void>((resolve) => {
    child.once('error', (error) => (log.push(String(error)), (gone = true), resolve()));
    child.once('close', () => ((gone = true), resolve()));
  });

  return {
    pid: child.pid ?? 0,
    log,
    line: (pattern, deadlineMs = PATIENCE_MS) =>
      until(
        () => {
          const found = log.map((line) => pattern.exec(line)).find((match) => match !== null);
          if (found === undefined && gone)
            throw new Error(`${program} ended before ${pattern}:\n${log.join('\n')}`);
          return found ?? undefined;
        },
        () => `${program} did not say ${pattern}:\n${log.slice(-40).join('\n')}`,
        deadlineMs,
      ),
    close: async (deadlineMs = 60_000) => {
      if (gone) return exit;
      child.kill('SIGTERM');
      const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), deadlineMs);
      await exit;
      clearTimeout(timer);
    },
  };
}

/** Asks again and again until the answer is something, or the deadline has passed. An error that is thrown ends it. */
export async function until<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  complaint: () => string,
  deadlineMs = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${complaint()} (waited ${deadlineMs} ms)`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export interface Folder {
  readonly path: string;
  close(): Promise<void>;
}

/** A folder of one's own under the temporary directory. Short, since Unix sockets may lie in it, and of small letters,
 * since podman reads a path as an image name. */
export async function temporaryFolder(name: string): Promise<Folder> {
  const path = join(tmpdir(), `gate-${name}-${randomBytes(4).toString('hex')}`);
  await mkdir(path, { mode: 0o700 });
  return { path, close: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}
