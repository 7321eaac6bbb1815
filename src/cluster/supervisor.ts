import type { Logger } from '../lib/logger.ts';
import { reviveFailure } from './failure.ts';
import type { Middle } from './broker.ts';
import { CUT, FAILED, STARTED, STOP } from './lifecycle.ts';
import type { Listening } from './lifecycle.ts';
import type { End, WorkerProcess } from './processes.ts';

export interface SupervisorOptions {
  readonly size: number;
  readonly middle: Middle;
  /** Starts the worker of a slot. */
  readonly fork: (slot: number) => WorkerProcess;
  readonly logger: Logger;
  /** How long a stop may take before what is left is killed, in milliseconds. */
  readonly stopMs: number;
  /** How long the place of a dead worker stays empty the first time, in milliseconds; it doubles with each death. */
  readonly restartMs?: number;
}

interface Place {
  readonly slot: number;
  /** Undefined while the place is empty. */
  worker: WorkerProcess | undefined;
  /** Whether its worker listens. */
  ready: boolean;
  deaths: number;
  since: number;
  timer: NodeJS.Timeout | undefined;
  /** Ends the waiting for the worker that is being started. */
  settle: ((outcome: Listening | Error) => void) | undefined;
}

/** After so long a life a worker is not counted among those that die early. */
const STEADY_MS = 60_000;
const LONGEST_DELAY_MS = 30_000;
const RESTART_MS = 100;

/** The workers of one gate: started, replaced when they die, and stopped. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #places: readonly Place[];
  readonly #exits = new Set<Promise<void>>();
  #stopping = false;
  #listening: Listening | undefined;
  #lose: (error: Error) => void = () => undefined;
  /** Rejects when no worker is left and none can be started. */
  readonly lost: Promise<never>;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#places = Array.from({ length: options.size }, (_none, slot) => emptyPlace(slot));
    this.lost = new Promise((_resolve, reject) => (this.#lose = reject));
    // It is no failure where nobody listens to this.
    this.lost.catch(() => undefined);
    const { middle } = options;
    middle.handle(STARTED, (listening, from) => this.#places[from]?.settle?.(listening));
    middle.handle(FAILED, (failure, from) => this.#places[from]?.settle?.(reviveFailure(failure)));
  }

  /** Where the first worker that started listens; undefined until there is one. */
  get listening(): Listening | undefined {
    return this.#listening;
  }

  /**
   * One worker first, so that what is wrong is said once, and what is done once at start is done by one; then the
   * others. Rejects with the error of the worker that could not start; none is left then.
   */
  async start(): Promise<Listening> {
    const [first, ...others] = this.#places;
    if (first === undefined) throw new Error('a crew of nobody');
    try {
      const listening = await this.#open(first);
      await Promise.all(others.map((place) => this.#open(place)));
      return listening;
    } catch (error) {
      for (const { worker } of this.#places) worker?.kill();
      await this.stop();
      throw error;
    }
  }

  /** Each worker takes no more connections and lets its transfers end. Resolves when all are gone. */
  async stop(): Promise<void> {
    const { middle, stopMs } = this.#options;
    this.#stopping = true;
    for (const { timer, ready, worker } of this.#places) {
      clearTimeout(timer);
      if (!ready) worker?.kill();
    }
    const late = setTimeout(() => this.#places.forEach(({ worker }) => worker?.kill()), stopMs);
    await middle.collect(STOP, undefined, Infinity);
    for (const { worker } of this.#places) worker?.release();
    await Promise.all(this.#exits);
    clearTimeout(late);
  }

  /** Each worker cuts what it has. */
  cut(): void {
    this.#options.middle.publish(CUT, undefined);
  }

  async #open(place: Place): Promise<Listening> {
    const { middle, fork } = this.#options;
    const worker = fork(place.slot);
    const guest = middle.join({ slot: place.slot, send: (envelope) => worker.send(envelope) });
    worker.onEnvelope((envelope) => guest.receive(envelope));
    Object.assign(place, { worker, ready: false, since: performance.now() });
    const exit = new Promise<void>((resolve) => {
      worker.onExit((end) => {
        guest.leave();
        if (place.worker === worker) this.#leave(place, worker.pid, end);
        resolve();
      });
    });
    this.#exits.add(exit);
    void exit.then(() => this.#exits.delete(exit));
    const outcome = await new Promise<Listening | Error>((settle) => (place.settle = settle));
    place.settle = undefined;
    if (outcome instanceof Error) throw outcome;
    place.ready = true;
    this.#listening ??= outcome;
    return outcome;
  }

  #leave(place: Place, pid: number, end: End): void {
    const wasReady = place.ready;
    Object.assign(place, { worker: undefined, ready: false });
    if (!wasReady) place.settle?.(new Error(`a worker ended while it started (${wordsOf(end)})`));
    else if (!this.#stopping) {
      if (performance.now() - place.since > STEADY_MS) place.deaths = 0;
      this.#options.logger.error({ worker: place.slot + 1, pid, end: wordsOf(end) }, 'worker died');
      this.#openLater(place);
    }
  }

  #openLater(place: Place): void {
    const { restartMs = RESTART_MS } = this.#options;
    place.timer = setTimeout(
      () => void this.#replace(place),
      Math.min(LONGEST_DELAY_MS, restartMs * 2 ** place.deaths),
    );
    place.deaths += 1;
  }

  async #replace(place: Place): Promise<void> {
    const { logger } = this.#options;
    try {
      await this.#open(place);
      logger.warn({ worker: place.slot + 1, pid: place.worker?.pid }, 'worker replaced');
    } catch (error) {
      place.worker?.kill();
      if (this.#stopping) return;
      const reason = error instanceof Error ? error : new Error(String(error));
      if (this.#places.every(({ ready }) => !ready)) this.#lose(reason);
      logger.error({ worker: place.slot + 1, reason: reason.message }, 'worker not replaced');
      this.#openLater(place);
    }
  }
}

function emptyPlace(slot: number): Place {
  const nobody = { worker: undefined, timer: undefined, settle: undefined };
  return { slot, ready: false, deaths: 0, since: 0, ...nobody };
}

function wordsOf({ code, signal }: End): string {
  return signal ?? `exit code ${code}`;
}
