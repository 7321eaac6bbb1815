import type { Worker } from 'node:worker_threads';
import { startThread } from './start-thread.ts';
import type { CallMessage, Calls, Report, ThreadMessage } from './calls.ts';

interface ThreadOptions {
  readonly name: string;
  readonly url: URL;
  /** What the thread gets as its `workerData`. */
  readonly data: unknown;
  readonly onReport: (report: Report) => void;
  /** The most memory of its heap, in MiB: a thread that wants more ends, and the process goes on. */
  readonly heapMiB: number;
  /** How many calls wait for an answer, of all and of one owner. Default: 1000, whoever calls. */
  readonly mostWaiting?: number;
  readonly mostOfOne?: number;
}

interface Waiting {
  readonly owner: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Why a call has no answer: the thread has ended, or has too much to do. A later call may have one. */
export class ThreadBusy extends Error {}

const MOST_WAITING = 1000;
/** A thread that ended is not started again before this time has passed since it began, in milliseconds. */
const RESTART_MS = 10_000;
/** How long a thread may take to end by itself, in milliseconds. */
const ENDING_MS = 3000;

/** A thread that answers calls. It starts with the first call, and again with the next one if it has ended. */
export class Thread<C extends Calls> {
  readonly #options: ThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #last = 0;
  #startedAt = -RESTART_MS;
  #isClosed = false;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** Rejects with ThreadBusy where the thread has ended or has too much to do, for all or for this owner; with Error where it fails. */
  async call<N extends keyof C & string>(
    name: N,
    value: Parameters<C[N]>[0],
    owner = '',
  ): Promise<Awaited<ReturnType<C[N]>>> {
    if (!this.#isOpen() || this.#isFull(owner))
      throw new ThreadBusy(`${this.#options.name} takes no more calls`);
    const id = (this.#last += 1);
    const answer = new Promise<unknown>((resolve, reject) =>
      this.#waiting.set(id, { owner, resolve, reject }),
    );
    this.#post({ id, name, value });
    this.#worker?.ref();
    try {
      return asAnswer<Awaited<ReturnType<C[N]>>>(await answer);
    } finally {
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#worker?.unref();
    }
  }

  /** Calls without waiting for an answer. */
  tell<N extends keyof C & string>(name: N, value: Parameters<C[N]>[0]): void {
    if (this.#isOpen()) this.#post({ id: undefined, name, value });
  }

  /** Lets the thread end by itself after this call, or ends it. */
  async close(name?: keyof C & string): Promise<void> {
    const worker = this.#worker;
    if (name !== undefined) this.#worker?.postMessage({ id: undefined, name, value: undefined }, []);
    this.#isClosed = true;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const late = setTimeout(() => void worker.terminate(), name === undefined ? 0 : ENDING_MS);
    worker.ref();
    await ended;
    clearTimeout(late);
  }

  #isOpen(): boolean {
    if (this.#isClosed) return false;
    return this.#worker !== undefined || performance.now() - this.#startedAt >= RESTART_MS;
  }

  #isFull(owner: string): boolean {
    const { mostWaiting = MOST_WAITING, mostOfOne = mostWaiting } = this.#options;
    if (this.#waiting.size >= mostWaiting) return true;
    if (mostOfOne >= mostWaiting) return false;
    return [...this.#waiting.values()].filter((it) => it.owner === owner).length >= mostOfOne;
  }

  #post(message: CallMessage): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message, []);
  }

  #start(): Worker {
    const { name, url, data, heapMiB, onReport } = this.#options;
    this.#startedAt = performance.now();
    const worker = startThread(url, { name, data, heapMiB });
    worker.unref();
    worker.on('message', (message: ThreadMessage) => {
      if (message.kind === 'report') onReport(message.report);
      else if (message.kind === 'answer') this.#waiting.get(message.id)?.resolve(message.value);
      else this.#waiting.get(message.id)?.reject(new Error(message.reason));
    });
    worker.on('error', (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      onReport({
        level: 'warn',
        fields: { thread: name, reason },
        message: 'a thread ended',
      });
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#waiting.values()) reject(new ThreadBusy(`${name} ended`));
    });
    return worker;
  }
}

/** Guard: the thread runs the functions that `C` has the types of. */
function asAnswer<T>(value: unknown): T {
  return value as T;
}
