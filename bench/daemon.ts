import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { family } from './cpu.ts';

/** A program that stays, and listens. */
export interface Daemon {
  readonly pid: number;
  /** From the start of the process to the first connection that it took, in milliseconds. */
  readonly startMs: number;
  /** SIGTERM, and SIGKILL for whoever of its family is left after some seconds. */
  close(): Promise<void>;
}

export interface DaemonOptions {
  readonly port: number;
  /** Takes what the program prints. */
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until a start is given up. */
  readonly mostMs?: number;
}

const running = new Set<number>();
const START_MS = 30_000;
const STOP_MS = 10_000;

// However this process ends, nothing that it started outlives it.
process.once('exit', () => {
  for (const pid of family([...running])) signal(pid, 'SIGKILL');
});
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => process.exit(1));

/** Starts a program and waits until its port takes connections. Throws with its last words where it never does. */
export async function startDaemon(
  [program, ...args]: readonly [string, ...string[]],
  { port, log, env, mostMs = START_MS }: DaemonOptions,
): Promise<Daemon> {
  const out = openSync(log, 'a');
  const started = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', out, out], env: { ...process.env, ...env } });
  closeSync(out);
  const { pid = 0 } = child;
  let isOver = false;
  const over = new Promise<void>((resolve) => {
    const end = (): void => {
      isOver = true;
      running.delete(pid);
      resolve();
    };
    child.once('error', end).once('exit', end);
  });
  if (pid > 0) running.add(pid);
  const close = async (): Promise<void> => {
    const all = isOver ? [] : family([pid]);
    child.kill('SIGTERM');
    const timer = setTimeout(() => all.forEach((member) => signal(member, 'SIGKILL')), STOP_MS);
    await over;
    clearTimeout(timer);
  };
  while (!(await takesConnections(port))) {
    if (!isOver && performance.now() - started < mostMs) continue;
    await close();
    const words = readFileSync(log, 'utf8').split('\n').slice(-20).join('\n');
    throw new Error(`${program} does not listen on port ${port}:\n${words}`);
  }
  return { pid, startMs: performance.now() - started, close };
}

/** A port that nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => setTimeout(() => resolve(false), 5));
  });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}
