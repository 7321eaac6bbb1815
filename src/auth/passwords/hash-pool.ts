import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { startThread, threadProgram } from '../../lib/threads/start-thread.ts';
import type { Turn, Standing } from '../../lib/streams/turn.ts';
import type { HashTask } from './hash-worker.ts';
import { ShareLine } from '../../lib/share-line.ts';

/** `busy`: the queue is full, or another site has a better claim to the place; try again later. `failed`: the thread ended, or the pool is closed. */
export type HashVerdict = 'match' | 'mismatch' | 'busy' | 'failed';

export interface HashPoolOptions {
  /** The number of threads. Default: one less than the processors, at least one. */
  readonly size?: number;
  /** The most jobs of each standing that wait for a thread. */
  readonly queueLimit?: number;
  /** The program of a thread. */
  readonly workerUrl?: URL;
}

/** Verifies password hashes in threads, a few at a time. */
export interface HashPool {
  /** Verifies a password; `stored` is the text of a hash in the file. Never rejects. */
  verify(stored: string, password: string, turn?: Turn): Promise<HashVerdict>;
  /** Ends the threads. Waiting jobs get `failed`. */
  close(): Promise<void>;
}

/** The turn of a client about which nothing is known. */
const STRANGER: Turn = { standing: 'stranger', site: '' };

interface Job {
  readonly task: HashTask;
  settle(verdict: HashVerdict): void;
}

interface Slot {
  worker: Worker | undefined;
  job: Job | undefined;
}

/** Creates a pool. Threads start with the first job that needs them, and don't keep the process alive while they are idle. */
export function createHashPool({
  size = Math.max(1, availableParallelism() - 1),
  queueLimit = 64,
  workerUrl = threadProgram('./hash-worker', import.meta.url),
}: HashPoolOptions = {}): HashPool {
  const slots: Slot[] = Array.from({ length: Math.max(1, size) }, () => ({
    worker: undefined,
    job: undefined,
  }));
  const queue = createHashLine<Job>(queueLimit);
  let closed = false;

  const advance = (): void => {
    for (const slot of slots) {
      if (slot.job !== undefined) continue;
      const job = queue.shift();
      if (job === undefined) return;
      give(slot, job);
    }
  };
  const give = (slot: Slot, job: Job): void => {
    slot.job = job;
    slot.worker ??= startWorker(workerUrl, slot, settled);
    slot.worker.ref();
    slot.worker.postMessage(job.task, []);
  };
  const settled = (slot: Slot, verdict: HashVerdict): void => {
    const job = slot.job;
    slot.job = undefined;
    slot.worker?.unref();
    job?.settle(verdict);
    if (!closed) advance();
  };

  return {
    verify: (stored, password, turn = STRANGER) =>
      new Promise((settle) => {
        if (closed) return settle('failed');
        const job = { task: { stored, password }, settle };
        const free = slots.find((slot) => slot.job === undefined);
        if (free === undefined) queue.push(job, turn)?.settle('busy');
        else give(free, job);
      }),
    close: async () => {
      closed = true;
      for (const job of queue.drain()) job.settle('failed');
      await Promise.all(slots.map((slot) => slot.worker?.terminate()));
    },
  };
}

/** Starts the thread of a slot. However the thread ends, its job is answered, and the next job starts a new thread. */
function startWorker(url: URL, slot: Slot, settled: (slot: Slot, verdict: HashVerdict) => void): Worker {
  const worker = startThread(url, { name: 'password-hash' });
  worker.on('message', (matches: unknown) => settled(slot, matches === true ? 'match' : 'mismatch'));
  worker.on('error', () => undefined); // 'exit' follows
  worker.on('exit', () => {
    if (slot.worker !== worker) return;
    slot.worker = undefined;
    settled(slot, 'failed');
  });
  return worker;
}

/** A queue of jobs that wait for a thread. */
export interface HashLine<J> {
  /** The number of waiting jobs. */
  readonly length: number;
  /** Adds a job. Returns the job that is rejected for it, if the queue is full: this one or another. */
  push(job: J, turn: Turn): J | undefined;
  /** Removes the next job. */
  shift(): J | undefined;
  /** Removes all jobs. */
  drain(): readonly J[];
}

const ORDER: readonly Standing[] = ['proven', 'regular', 'stranger'];
/** Every fourth turn serves strangers first, so that they are served however many others wait. */
const STRANGERS_TURN = 4;

/**
 * Creates a queue in three classes of `limit` places each, so that strangers take no places from users. Credentials that
 * were right before are served first, then networks from which users have signed in, then the others. Within a class the
 * sites take turns. If a class is full, the site with the most places gives one up to a site with fewer: one site may take
 * all places, as an office behind one address does after a restart, and still leaves the others their share.
 */
export function createHashLine<J>(limit: number): HashLine<J> {
  const classes = ORDER.map(() => new ShareLine<J>(limit));
  let turns = 0;
  return {
    get length() {
      return classes.reduce((sum, line) => sum + line.length, 0);
    },
    push: (job, { standing, site }) => classes[ORDER.indexOf(standing)]?.push(job, site),
    shift: () => {
      turns = (turns + 1) % STRANGERS_TURN;
      const order = turns === 0 ? classes.toReversed() : classes;
      for (const line of order) if (line.length > 0) return line.shift();
      return undefined;
    },
    drain: () => classes.flatMap((line) => line.drain()),
  };
}
