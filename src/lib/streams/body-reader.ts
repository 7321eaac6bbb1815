import type { IncomingMessage } from 'node:http';
import { interceptChunks, resumeParser, type ChunkTaker } from '../node/body-chunks.ts';
import { inPace, type Pace } from './idle-watch.ts';

/**
 * Reads the body of a request while there is room for it and its pace allows. It takes each chunk from the parser:
 * through the stream a chunk would cost as much again, and 64 KiB more would be buffered whenever there is no room.
 */
export class BodyReader implements ChunkTaker {
  readonly #body: IncomingMessage;
  readonly #pace: Pace | undefined;
  readonly #goOn = (): void => this.#onPaced();
  #take: (piece: Buffer) => void = () => undefined;
  #isFull = false;
  #isHeld = false;
  #isOver = false;
  /** Whether the parser was told to stop. */
  #isStopped = false;

  constructor(body: IncomingMessage, pace: Pace | undefined) {
    this.#body = body;
    this.#pace = pace;
  }

  /** Whether no chunk is taken before `room` is called. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Whether the next chunk waits for its time. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Hands over every chunk from now on, together with its memory. `take` calls `took` for each. */
  open(take: (piece: Buffer) => void): void {
    this.#take = take;
    // Chunks that came before go through the stream.
    this.#body.on('data', take);
    interceptChunks(this.#body, this);
  }

  /** Called with each chunk by the parser. Returns whether the parser is to go on. */
  takeChunk(chunk: Buffer): boolean | undefined {
    if (this.#isOver) return undefined;
    this.#take(chunk);
    this.#isStopped = !this.#isOver && (this.#isFull || this.#isHeld);
    return !this.#isStopped;
  }

  /** Must be called for each chunk that was taken. */
  took(isFull: boolean): void {
    this.#isFull = isFull;
    // A chunk may have been on its way when the body was stopped.
    if (this.#pace !== undefined && !this.#isHeld) this.#isHeld = inPace(this.#pace, this.#goOn);
    if (isFull || this.#isHeld) this.#body.pause();
  }

  /** Says that there is room again. */
  room(): void {
    this.#isFull = false;
    this.#resume();
  }

  /** Stops handing over chunks. */
  close(): void {
    this.#isOver = true;
    this.#body.off('data', this.#take);
  }

  /** Lets the rest of the body come and be dropped. */
  release(): void {
    this.close();
    this.#flow();
  }

  #onPaced(): void {
    this.#isHeld = false;
    this.#resume();
  }

  #resume(): void {
    if (!this.#isOver && !this.#isFull && !this.#isHeld) this.#flow();
  }

  #flow(): void {
    this.#body.resume();
    if (!this.#isStopped) return;
    this.#isStopped = false;
    resumeParser(this.#body);
  }
}
