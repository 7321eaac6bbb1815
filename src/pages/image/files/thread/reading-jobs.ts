import { AppError } from '../../../../lib/errors.ts';
import { ShareLine } from '../../../../lib/share-line.ts';

/** What a job made, and the memory that it takes. */
export interface Made<T> {
  readonly value: T;
  readonly bytes: number;
}

/** What the work of a job gets. */
export interface Reading {
  /** Tells how many bytes have been read. */
  readonly onRead: (count: number) => void;
  /** Ends it when nobody waits for it any more. */
  readonly signal: AbortSignal;
}

type Work<T> = (reading: Reading) => Promise<Made<T>>;

/** How far a job is. */
export type JobState<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: AppError }
  | { readonly kind: 'running'; readonly read: number }
  | { readonly kind: 'refused' };

/** Who asks for a job. */
export interface Asker {
  /** Owners take turns. */
  readonly owner: string;
  /** Resolves when the asker waits no longer. */
  readonly patience: Promise<void>;
}

interface Job<T> {
  readonly key: string;
  readonly work: Work<T>;
  /** Those in whose lines it waits: whoever asks for it too need not wait for the turn of who asked first. */
  readonly owners: Set<string>;
  readonly stop: AbortController;
  readonly ended: Promise<JobState<T>>;
  readonly settle: (state: JobState<T>) => void;
  isWaiting: boolean;
  read: number;
  askers: number;
  timer: NodeJS.Timeout | undefined;
}

/** A place in the line of an owner. */
interface Place<T> {
  readonly job: Job<T>;
  readonly owner: string;
}

interface JobsOptions {
  /** The most memory that what was made may take. The one that was not asked for longest is dropped first. */
  readonly mostBytes: number;
  /** How many run at once. One owner has all but one of them at most: the last is for others. */
  readonly atOnce: number;
  /** How many may wait for their turn. */
  readonly waiting: number;
}

/** About what a failure that is remembered takes. */
const FAILURE_BYTES = 2048;
/** How long a job keeps its turn when nobody waits for it, in milliseconds. A page that is open asks again before. */
const TURN_KEPT_MS = 10_000;
/** How long it goes on after that. It is more than nothing, so that none begins when another one ends like this. */
const GOES_ON_MS = 10_000;

/** Jobs that take longer than a page waits: each runs once, whoever asks for it, and what it made is kept. */
export class ReadingJobs<T> {
  readonly #options: JobsOptions;
  readonly #made = new Map<string, Made<JobState<T>>>();
  readonly #running = new Map<string, Job<T>>();
  readonly #line: ShareLine<Place<T>>;
  readonly #active: Place<T>[] = [];
  #bytes = 0;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#line = new ShareLine(options.waiting);
  }

  /** Returns what a job made, if that is known already. */
  peek(key: string): T | undefined {
    const state = this.#made.get(key)?.value;
    return state?.kind === 'done' ? state.value : undefined;
  }

  /** Starts a job, unless it runs already or has been done, and waits for it until the patience of the asker ends. */
  async ask(key: string, { owner, patience }: Asker, work: Work<T>): Promise<JobState<T>> {
    const made = this.#made.get(key);
    if (made !== undefined) {
      this.#keep(key, made);
      return made.value;
    }
    const job = this.#running.get(key) ?? this.#create(key, work);
    clearTimeout(job.timer);
    job.askers += 1;
    this.#queue(job, owner);
    const late = patience.then((): JobState<T> => ({ kind: 'running', read: job.read }));
    const state = await Promise.race([job.ended, late]);
    job.askers -= 1;
    if (job.askers === 0 && this.#running.get(key) === job)
      job.timer = setTimeout(() => this.#leave(job), TURN_KEPT_MS).unref();
    return state;
  }

  #create(key: string, work: Work<T>): Job<T> {
    const { promise, resolve } = Promise.withResolvers<JobState<T>>();
    const own = { key, work, owners: new Set<string>(), stop: new AbortController() };
    const job = {
      ...own,
      ended: promise,
      settle: resolve,
      isWaiting: true,
      read: 0,
      askers: 0,
      timer: undefined,
    };
    this.#running.set(key, job);
    return job;
  }

  /** Gives a job a place in the line of an owner, once. */
  #queue(job: Job<T>, owner: string): void {
    if (!job.isWaiting || job.owners.has(owner)) return;
    job.owners.add(owner);
    const displaced = this.#line.push({ job, owner }, owner);
    if (displaced !== undefined) this.#displace(displaced);
    this.#startNext();
  }

  #displace({ job, owner }: Place<T>): void {
    job.owners.delete(owner);
    if (job.isWaiting && job.owners.size === 0) this.#end(job, { kind: 'refused' });
  }

  /** The turn is handed over here alone, so that no more than `atOnce` run. */
  #startNext(): void {
    const ownMost = Math.max(1, this.#options.atOnce - 1);
    const isReady = (owner: string): boolean =>
      this.#active.filter((place) => place.owner === owner).length < ownMost;
    while (this.#active.length < this.#options.atOnce) {
      const place = this.#line.shift(isReady);
      if (place === undefined) return;
      // It may have had its turn in another line, or been given up.
      if (place.job.isWaiting) void this.#run(place);
    }
  }

  async #run(place: Place<T>): Promise<void> {
    const { job } = place;
    job.isWaiting = false;
    this.#active.push(place);
    const made = await finish(job.work({ onRead: (count) => (job.read += count), signal: job.stop.signal }));
    this.#active.splice(this.#active.indexOf(place), 1);
    if (this.#running.get(job.key) === job) this.#keep(job.key, made);
    this.#end(job, made.value);
    this.#startNext();
  }

  /** Nobody waits for it: it loses its turn, or has some time left. */
  #leave(job: Job<T>): void {
    if (job.isWaiting) this.#end(job, { kind: 'refused' });
    else job.timer = setTimeout(() => this.#abandon(job), GOES_ON_MS).unref();
  }

  #abandon(job: Job<T>): void {
    this.#end(job, { kind: 'refused' });
    job.stop.abort();
  }

  #end(job: Job<T>, state: JobState<T>): void {
    clearTimeout(job.timer);
    job.isWaiting = false;
    if (this.#running.get(job.key) === job) this.#running.delete(job.key);
    job.settle(state);
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
