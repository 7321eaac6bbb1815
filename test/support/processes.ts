import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/**
 * The variable that marks what tests start: `RUN` in a test worker, `RUN FILE` in what its test file starts, directly
 * or through the product.
 */
export const MARK = 'GATE_TEST_RUN';

/** A process that runs, and how it was started. */
export interface Running {
  readonly pid: number;
  readonly command: string;
  /** The test file that started it. */
  readonly file: string;
}

const started = new Set<ChildProcess>();

/**
 * `spawn`, for everything that tests start: the process leads a session of its own, so that Ctrl-C on the terminal is
 * ours to hand on, and `killStarted` ends it with its children, also those that overwrite their environment.
 */
export const startProcess = ((program: string, args: readonly string[] = [], options: SpawnOptions = {}) => {
  const child = spawn(program, args, { ...options, detached: true });
  started.add(child);
  child.once('exit', () => {
    if (!isGroupAlive(child)) started.delete(child);
  });
  return child;
  // The type of what comes back depends on `stdio`, which `spawn` says in overloads.
}) as typeof spawn;

/** Sends a signal to a process of `startProcess` and to all that it has started. */
export function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) signalProcess(-pid, signal);
}

function isGroupAlive({ pid }: ChildProcess): boolean {
  try {
    return pid !== undefined && process.kill(-pid, 0);
  } catch {
    return false;
  }
}

/** What runs of all that this test file has started. Nothing where there is no /proc. */
export function runningHere(): readonly Running[] {
  const mark = process.env[MARK] ?? '';
  const sessions = new Set([...started].map(({ pid }) => pid));
  return allProcesses()
    .filter(({ pid }) => pid !== process.pid)
    .filter((one) => (mark.includes(' ') && markOf(one.pid) === mark) || sessions.has(one.session))
    .map(({ pid }) => ({ pid, command: commandOf(pid), file: mark.replace(/^\S* /, '') }));
}

/** What runs of all that the test files of a run have started. */
export function runningOf(run: string): readonly Running[] {
  return allProcesses().flatMap(({ pid }) => {
    const mark = markOf(pid);
    if (mark?.startsWith(`${run} `) !== true) return [];
    return [{ pid, command: commandOf(pid), file: mark.slice(run.length + 1) }];
  });
}

/** Kills what this test file has started, with all descendants. Synchronous: good on the way out. */
export function killStarted(): void {
  for (const child of started) signalGroup(child, 'SIGKILL');
  for (const { pid } of runningHere()) signalProcess(pid, 'SIGKILL');
}

/** Has `killStarted` called however this process ends, short of SIGKILL. */
export function killStartedAtExit(): void {
  process.once('exit', killStarted);
  for (const [signal, status] of STOPS) {
    process.once(signal, () => {
      killStarted();
      process.exit(status);
    });
  }
}

const STOPS = [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const;

/** Signals a process that may have gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}

interface Entry {
  readonly pid: number;
  readonly session: number;
}

/** Every process that is no zombie. */
function allProcesses(): readonly Entry[] {
  const names = process.platform === 'linux' ? readdirSync('/proc') : [];
  return names
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      // After the name in parentheses: state, parent, group, session (proc_pid_stat(5)).
      const [state, , , session] = (read(name, 'stat').split(') ').at(-1) ?? '').split(' ');
      return session === undefined || state === 'Z' ? [] : [{ pid: Number(name), session: Number(session) }];
    });
}

function markOf(pid: number): string | undefined {
  const line = read(pid, 'environ')
    .split('\0')
    .find((entry) => entry.startsWith(`${MARK}=`));
  return line?.slice(MARK.length + 1);
}

function commandOf(pid: number): string {
  return read(pid, 'cmdline').replaceAll('\0', ' ').trim();
}

function read(pid: number | string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
