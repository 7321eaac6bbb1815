import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Turn } from '../../lib/streams/turn.ts';
import { createHashLine } from './hash-line.ts';
import type { HashTask } from './hash-worker.ts';

/** `busy`: there is no place in the queue, or another site has a better claim to it; ask again later. `failed`: the thread died over it, or the pool is closed. */
export type HashVerdict = 'match' | 'mismatch' | 'busy' | 'failed';

export interface HashPoolOptions {
  /** Threads. Default: one less than there are processors, at least one. */
  readonly size?: number;
  /** How many may wait for a thread, of each standing. */
  readonly queueLimit?: number;
  /** The program of a thread. */
  readonly workerUrl?: URL;
}

/** Verifies password hashes off the main thread, a few at a time. */
export interface HashPool {
  /** `stored` is the text of a hash as it stands in the file. Never rejects. */
  verify(stored: string, password: string, turn?: Turn): Promise<HashVerdict>;
  /** Ends the threads; whatever waits is answered `failed`. */
  close(): Promise<void>;
}

/** Whoever nothing is known of. */
const STRANGER: Turn = { standing: 'stranger', site: '' };

interface Job {
  readonly task: HashTask;
  settle(verdict: HashVerdict): void;
}

interface Lane {
  worker: Worker | undefined;
  job: Job | undefined;
}

/** Threads start with the first question that needs them, and never keep the process alive while they are idle. */
export function createHashPool({
  size = Math.max(1, availableParallelism() - 1),
  queueLimit = 64,
  workerUrl = siblingUrl(),
}: HashPoolOptions = {}): HashPool {
  const lanes: Lane[] = Array.from({ length: Math.max(1, size) }, () => ({
    worker: undefined,
    job: undefined,
  }));
  const queue = createHashLine<Job>(queueLimit);
  let closed = false;

  const advance = (): void => {
    for (const lane of lanes) {
      if (lane.job !== undefined) continue;
      const job = queue.shift();
      if (job === undefined) return;
      give(lane, job);
    }
  };
  const give = (lane: Lane, job: Job): void => {
    lane.job = job;
    lane.worker ??= startWorker(workerUrl, lane, settled);
    lane.worker.ref();
    lane.worker.postMessage(job.task, []);
  };
  const settled = (lane: Lane, verdict: HashVerdict): void => {
    const job = lane.job;
    lane.job = undefined;
    lane.worker?.unref();
    job?.settle(verdict);
    if (!closed) advance();
  };

  return {
    verify: (stored, password, turn = STRANGER) =>
      new Promise((settle) => {
        if (closed) return settle('failed');
        const job = { task: { stored, password }, settle };
        const free = lanes.find((lane) => lane.job === undefined);
        if (free === undefined) queue.push(job, turn)?.settle('busy');
        else give(free, job);
      }),
    close: async () => {
      closed = true;
      for (const job of queue.drain()) job.settle('failed');
      await Promise.all(lanes.map((lane) => lane.worker?.terminate()));
    },
  };
}

/** A thread for a lane. However it ends, the lane's job is answered, and the next job starts a new thread. */
function startWorker(url: URL, lane: Lane, settled: (lane: Lane, verdict: HashVerdict) => void): Worker {
  const worker = new Worker(url, { name: 'password-hash', env: {}, execArgv: [] });
  worker.on('message', (matches: unknown) => settled(lane, matches === true ? 'match' : 'mismatch'));
  worker.on('error', () => undefined); // 'exit' follows
  worker.on('exit', () => {
    if (lane.worker !== worker) return;
    lane.worker = undefined;
    settled(lane, 'failed');
  });
  return worker;
}

/** Beside this file, with this file's ending: `.ts` in a checkout, `.js` in the package. */
function siblingUrl(): URL {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./hash-worker.${ending}`, import.meta.url);
}
