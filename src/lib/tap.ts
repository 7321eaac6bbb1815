import type { Readable } from 'node:stream';
import { inPace } from './pace.ts';
import type { Pace } from './pace.ts';

/** Lets a body come while there is room for it and it is not ahead of its pace. */
export class Tap {
  readonly #body: Readable;
  readonly #pace: Pace | undefined;
  readonly #goOn = (): void => this.#onPaced();
  #isFull = false;
  #isHeld = false;
  #isOver = false;

  constructor(body: Readable, pace: Pace | undefined) {
    this.#body = body;
    this.#pace = pace;
  }

  /** Whether nothing more is taken before `room`. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Whether the next piece waits for its time. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** To be called for each piece that was taken. */
  took(isFull: boolean): void {
    this.#isFull = isFull;
    // Another piece may have been on its way when the body was stopped.
    if (this.#pace !== undefined && !this.#isHeld) this.#isHeld = inPace(this.#pace, this.#goOn);
    if (isFull || this.#isHeld) this.#body.pause();
  }

  /** There is room again. */
  room(): void {
    this.#isFull = false;
    this.#resume();
  }

  /** Whatever still comes may come: nobody takes it. */
  release(): void {
    this.#isOver = true;
    this.#body.resume();
  }

  #onPaced(): void {
    this.#isHeld = false;
    this.#resume();
  }

  #resume(): void {
    if (!this.#isOver && !this.#isFull && !this.#isHeld) this.#body.resume();
  }
}
