import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import { isMessage, type Message } from './messages.ts';

/** How a process ended: with an exit code, or by a signal. */
export interface End {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A worker as its primary sees it. */
export interface WorkerProcess {
  readonly pid: number;
  send(message: Message): void;
  onMessage(listener: (message: Message) => void): void;
  onExit(listener: (end: End) => void): void;
  /** Disconnects it, so that it ends by itself. */
  release(): void;
  /** SIGKILL. */
  kill(): void;
}

/** A worker's line to its primary. */
interface Upstream {
  send(message: Message): void;
  onMessage(listener: (message: Message) => void): void;
}

/**
 * Starts this program again as a worker, with these arguments and descriptors. Workers accept connections themselves: one
 * that the primary handed on would be lost where the worker may open no more files, and Node.js hands nothing more to a
 * worker that did not confirm one.
 */
export function forkWorker(args: readonly string[], descriptors: readonly number[] = []): WorkerProcess {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ args: [...args], serialization: 'advanced', stdio: stdioWith(descriptors) });
  const worker = cluster.fork();
  // An exit follows each failure to send.
  worker.on('error', () => undefined);
  return {
    pid: worker.process.pid ?? 0,
    send: (message) => sendTo(worker, message),
    onMessage: (listener) => listen(worker, listener),
    onExit: (listener) =>
      void worker.once('exit', (code: number | null, signal: string | null) =>
        listener({ code: code ?? undefined, signal: signal ?? undefined }),
      ),
    release: () => void worker.disconnect(),
    kill: () => worker.kill('SIGKILL'),
  };
}

/** Gives the worker these descriptors under the same numbers. */
function stdioWith(descriptors: readonly number[]): ('inherit' | 'ignore' | 'ipc')[] {
  const all = new Set([0, 1, 2, ...descriptors]);
  const stdio = Array.from({ length: Math.max(...all) + 1 }, (_none, fd) =>
    all.has(fd) ? 'inherit' : 'ignore',
  );
  return [...stdio, 'ipc'];
}

/** The primary, or undefined in a process that no primary has started. */
export function findUpstream(): Upstream | undefined {
  const { worker } = cluster;
  if (worker === undefined) return undefined;
  // The end of the primary ends this process too: a failure to send needs no report.
  worker.on('error', () => undefined);
  return {
    send: (message) => sendTo(worker, message),
    onMessage: (listener) => listen(worker, listener),
  };
}

function sendTo(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message, undefined, undefined, () => undefined);
}

function listen(worker: Worker, listener: (message: Message) => void): void {
  worker.on('message', (received: unknown) => {
    if (isMessage(received)) listener(received);
  });
}
