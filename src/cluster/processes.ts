import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import { isEnvelope } from './envelope.ts';
import type { Envelope } from './envelope.ts';

/** How a process ended: with an exit code, or by a signal. */
export interface End {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A worker as its primary sees it. */
export interface WorkerProcess {
  readonly pid: number;
  send(envelope: Envelope): void;
  onEnvelope(listener: (envelope: Envelope) => void): void;
  onExit(listener: (end: End) => void): void;
  /** Lets it end by itself: it listens to nobody any more. */
  release(): void;
  /** SIGKILL. */
  kill(): void;
}

/** A worker's own way to its primary. */
export interface Upstream {
  send(envelope: Envelope): void;
  onEnvelope(listener: (envelope: Envelope) => void): void;
}

/**
 * Starts this program again as a worker, with these arguments and descriptors. Workers take connections from the system
 * themselves, and the primary has none: a connection that it would hand on is lost where the worker may open no more
 * files, and Node.js hands nothing more to a worker that did not confirm one.
 */
export function forkWorker(args: readonly string[], descriptors: readonly number[] = []): WorkerProcess {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ args: [...args], serialization: 'advanced', stdio: stdioWith(descriptors) });
  const worker = cluster.fork();
  // What can't be sent is noticed by the exit that follows.
  worker.on('error', () => undefined);
  return {
    pid: worker.process.pid ?? 0,
    send: (envelope) => sendTo(worker, envelope),
    onEnvelope: (listener) => listen(worker, listener),
    onExit: (listener) =>
      void worker.once('exit', (code: number | null, signal: string | null) =>
        listener({ code: code ?? undefined, signal: signal ?? undefined }),
      ),
    release: () => void worker.disconnect(),
    kill: () => worker.kill('SIGKILL'),
  };
}

/** The worker has these descriptors under the same numbers. */
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
  // A primary that is gone takes this process with it; what could not be sent to it is no news.
  worker.on('error', () => undefined);
  return {
    send: (envelope) => sendTo(worker, envelope),
    onEnvelope: (listener) => listen(worker, listener),
  };
}

function sendTo(worker: Worker, envelope: Envelope): void {
  if (worker.isConnected()) worker.send(envelope, undefined, undefined, () => undefined);
}

function listen(worker: Worker, listener: (envelope: Envelope) => void): void {
  worker.on('message', (message: unknown) => {
    if (isEnvelope(message)) listener(message);
  });
}
