import type { Logger } from '../lib/logger.ts';
import type { WorkerBroker } from './broker.ts';
import { CUT, FAILED, reviveFailure, STARTED, STOP, type Listening } from './lifecycle.ts';
import type { End, WorkerProcess } from './processes.ts';

interface SupervisorOptions {
  readonly size: number;
  readonly broker: WorkerBroker;
  /** Starts the worker of a slot. */
  readonly fork: (slot: number) => WorkerProcess;
  readonly logger: Logger;
  /** How long a stop may take before what is left is killed, in milliseconds. */
  readonly stopMs: number;
  /** How long the slot of a dead worker stays empty, in milliseconds; it doubles with each death. */
  readonly restartMs?: number;
}

interface Slot {
  readonly number: number;
  /** Undefined while the slot is empty. */
  worker: WorkerProcess | undefined;
  /** Whether its worker listens. */
  ready: boolean;
  deaths: number;
  since: number;
  timer: NodeJS.Timeout | undefined;
  /** Settles the start of its worker. */
  settle: ((outcome: Listening | Error) => void) | undefined;
}

/** A worker that lived this long did not die early: the delay of its successor begins anew. */
const STEADY_MS = 60_000;
const LONGEST_DELAY_MS = 30_000;
const RESTART_MS = 100;

/** The workers of one gate: started, replaced when they die, and stopped. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly Slot[];
  readonly #exits = new Set<Promise<void>>();
  #stopping = false;
  #listening: Listening | undefined;
  #lose: (error: Error) => void = () => undefined;
  /** Rejects when no worker is left and none can be started. */
  readonly lost: Promise<never>;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.size }, (_none, number) => emptySlot(number));
    this.lost = new Promise((_resolve, reject) => (this.#lose = reject));
    // Without a listener a rejection would end the process.
    this.lost.catch(() => undefined);
    const { broker } = options;
    broker.handle(STARTED, (listening, from) => this.#slots[from]?.settle?.(listening));
    broker.handle(FAILED, (failure, from) => this.#slots[from]?.settle?.(reviveFailure(failure)));
  }

  /** Where the first worker that started listens; undefined until there is one. */
  get listening(): Listening | undefined {
    return this.#listening;
  }

  /**
   * Starts one worker, so that an error is reported once and work that is done once is done by one, and then the others.
   * Rejects with the error of a worker that could not start, after all workers have ended.
   */
  async start(): Promise<Listening> {
    const [first, ...others] = this.#slots;
    if (first === undefined) throw new Error('no workers to start');
    try {
      const listening = await this.#open(first);
      await Promise.all(others.map((slot) => this.#open(slot)));
      return listening;
    } catch (error) {
      for (const { worker } of this.#slots) worker?.kill();
      await this.stop();
      throw error;
    }
  }

  /** Lets each worker take no more connections and end its transfers. Resolves when all have ended. */
  async stop(): Promise<void> {
    const { broker, stopMs } = this.#options;
    this.#stopping = true;
    for (const { timer, ready, worker } of this.#slots) {
      clearTimeout(timer);
      if (!ready) worker?.kill();
    }
    const late = setTimeout(() => this.#slots.forEach(({ worker }) => worker?.kill()), stopMs);
    await broker.collect(STOP, undefined, Infinity);
    for (const { worker } of this.#slots) worker?.release();
    await Promise.all(this.#exits);
    clearTimeout(late);
  }

  /** Lets each worker cut its connections. */
  cut(): void {
    this.#options.broker.publish(CUT, undefined);
  }

  async #open(slot: Slot): Promise<Listening> {
    const { broker, fork } = this.#options;
    const worker = fork(slot.number);
    const joined = broker.join({ slot: slot.number, send: (message) => worker.send(message) });
    worker.onMessage((message) => joined.receive(message));
    Object.assign(slot, { worker, ready: false, since: performance.now() });
    const exit = new Promise<void>((resolve) => {
      worker.onExit((end) => {
        joined.leave();
        if (slot.worker === worker) this.#leave(slot, worker.pid, end);
        resolve();
      });
    });
    this.#exits.add(exit);
    void exit.then(() => this.#exits.delete(exit));
    const outcome = await new Promise<Listening | Error>((settle) => (slot.settle = settle));
    slot.settle = undefined;
    if (outcome instanceof Error) throw outcome;
    slot.ready = true;
    this.#listening ??= outcome;
    return outcome;
  }

  #leave(slot: Slot, pid: number, end: End): void {
    const wasReady = slot.ready;
    Object.assign(slot, { worker: undefined, ready: false });
    if (!wasReady) slot.settle?.(new Error(`a worker ended while it started (${wordsOf(end)})`));
    else if (!this.#stopping) {
      if (performance.now() - slot.since > STEADY_MS) slot.deaths = 0;
      this.#options.logger.error({ worker: slot.number + 1, pid, end: wordsOf(end) }, 'worker died');
      this.#openLater(slot);
    }
  }

  #openLater(slot: Slot): void {
    const { restartMs = RESTART_MS } = this.#options;
    slot.timer = setTimeout(
      () => void this.#replace(slot),
      Math.min(LONGEST_DELAY_MS, restartMs * 2 ** slot.deaths),
    );
    slot.deaths += 1;
  }

  async #replace(slot: Slot): Promise<void> {
    const { logger } = this.#options;
    try {
      await this.#open(slot);
      logger.warn({ worker: slot.number + 1, pid: slot.worker?.pid }, 'worker replaced');
    } catch (error) {
      slot.worker?.kill();
      if (this.#stopping) return;
      const reason = error instanceof Error ? error : new Error(String(error));
      if (this.#slots.every(({ ready }) => !ready)) this.#lose(reason);
      logger.error({ worker: slot.number + 1, reason: reason.message }, 'worker not replaced');
      this.#openLater(slot);
    }
  }
}

function emptySlot(number: number): Slot {
  return {
    number,
    worker: undefined,
    ready: false,
    deaths: 0,
    since: 0,
    timer: undefined,
    settle: undefined,
  };
}

function wordsOf({ code, signal }: End): string {
  return signal ?? `exit code ${code}`;
}
