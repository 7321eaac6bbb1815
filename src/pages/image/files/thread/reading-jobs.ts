import { AppError } from '../../../../lib/errors.ts';

/** What a job made, and the memory that it takes. */
export interface Made<T> {
  readonly value: T;
  readonly bytes: number;
}

/** Tells how many bytes have been read. */
export type OnRead = (count: number) => void;

/** How far a job is. */
export type JobState<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: AppError }
  | { readonly kind: 'running'; readonly read: number }
  | { readonly kind: 'refused' };

interface Running<T> {
  read: number;
  readonly ended: Promise<JobState<T>>;
}

interface JobsOptions {
  /** The most memory that what was made may take. The one that was not asked for longest is dropped first. */
  readonly mostBytes: number;
  /** How many run at once. */
  readonly atOnce: number;
  /** How many may wait for their turn. */
  readonly waiting: number;
}

/** About what a failure that is remembered takes. */
const FAILURE_BYTES = 2048;

/** Jobs that take longer than a page waits: each runs once, whoever asks for it, and what it made is kept. */
export class ReadingJobs<T> {
  readonly #options: JobsOptions;
  readonly #made = new Map<string, Made<JobState<T>>>();
  readonly #running = new Map<string, Running<T>>();
  readonly #turns: (() => void)[] = [];
  #bytes = 0;
  #active = 0;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** Starts a job, unless it runs already or has been done, and waits for it until `patience` ends. */
  async ask(
    key: string,
    patience: Promise<void>,
    work: (onRead: OnRead) => Promise<Made<T>>,
  ): Promise<JobState<T>> {
    const made = this.#made.get(key);
    if (made !== undefined) {
      this.#keep(key, made);
      return made.value;
    }
    if (!this.#running.has(key) && this.#turns.length >= this.#options.waiting) return { kind: 'refused' };
    const job = this.#running.get(key) ?? this.#start(key, work);
    const late = patience.then((): JobState<T> => ({ kind: 'running', read: job.read }));
    return Promise.race([job.ended, late]);
  }

  #start(key: string, work: (onRead: OnRead) => Promise<Made<T>>): Running<T> {
    const run = async (): Promise<JobState<T>> => {
      await this.#turn();
      const made = await finish(work((count) => (job.read += count)));
      this.#running.delete(key);
      this.#keep(key, made);
      this.#active -= 1;
      this.#turns.shift()?.();
      return made.value;
    };
    const job: Running<T> = { read: 0, ended: run() };
    this.#running.set(key, job);
    return job;
  }

  async #turn(): Promise<void> {
    // What `run` returns must be in the map before it goes on.
    await Promise.resolve();
    if (this.#active >= this.#options.atOnce) await new Promise<void>((resolve) => this.#turns.push(resolve));
    this.#active += 1;
  }

  #keep(key: string, made: Made<JobState<T>>): void {
    this.#drop(key);
    this.#made.set(key, made);
    this.#bytes += made.bytes;
    for (const [oldest] of this.#made) {
      if (this.#bytes <= this.#options.mostBytes || oldest === key) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const made = this.#made.get(key);
    if (made === undefined) return;
    this.#made.delete(key);
    this.#bytes -= made.bytes;
  }

  /** Forgets what failed, so that it is tried again. */
  forgetFailure(key: string): void {
    if (this.#made.get(key)?.value.kind === 'failed') this.#drop(key);
  }
}

async function finish<T>(work: Promise<Made<T>>): Promise<Made<JobState<T>>> {
  try {
    const { value, bytes } = await work;
    return { value: { kind: 'done', value }, bytes };
  } catch (error) {
    return { value: { kind: 'failed', error: toAppError(error) }, bytes: FAILURE_BYTES };
  }
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('IMAGE_INVALID', {
    message: error instanceof Error ? error.message : 'It could not be read.',
    hint: 'Try again.',
    cause: error,
  });
}
