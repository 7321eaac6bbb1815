import type { Socket } from 'node:net';
import { queuedBytes } from '../../lib/node/queued-bytes.ts';
import { transferBuffers } from '../../lib/streams/buffers.ts';
import { HELD } from '../../lib/streams/idle-watch.ts';
import type { IdleWatch, Progress, Wait, Watched } from '../../lib/streams/idle-watch.ts';
import { inPace } from '../../lib/streams/idle-watch.ts';
import type { Pace } from '../../lib/streams/idle-watch.ts';
import type { AnswerFault, AnswerHead } from '../../lib/http1/answer-head.ts';
import { SMALL_BYTES } from './backend-connection.ts';
import type { BackendConnection, ConnectionListener, ConnectionPool } from './backend-connection.ts';

/** Decides what becomes of an answer. It gets no more calls after `onEnd`, `onFailure` or `close`. */
export interface AnswerHandler {
  /** Returns whether the body is wanted. If not, the handler has closed the conversation or redirected it. */
  onHead(head: AnswerHead): boolean;
  /**
   * Bytes `start` to `end` of the buffer are a piece of the body. With `taken` they stay unchanged until the handler
   * calls it, and little or nothing is read until then; without it they are valid only during the call.
   */
  onBody(buffer: Buffer, start: number, end: number, taken: (() => void) | undefined): void;
  /** The answer is complete. The handler closes the conversation, at once or once its own reader has finished. */
  onEnd(): void;
  /** The conversation was closed because of an AnswerError, an IdleError or the system error of the connection. */
  onFailure(error: Error): void;
  /** What is waited for in place of the backend, if anything. `isHolding`: a piece is not `taken` yet. */
  waitsFor?(isHolding: boolean): Progress | undefined;
}

/** A body that follows the head of a request. */
export interface RequestBody {
  /** Begins to send the body. */
  start(socket: Socket): void;
  /** Whether the next piece waits for its pace. */
  readonly isHeld: boolean;
  /** Sends nothing more. */
  stop(): void;
}

interface BackendRequest {
  readonly method: string;
  /** In latin1, with its empty line. */
  readonly head: string;
  /** A request with a body gets a connection of its own and is sent once: it changes something. */
  readonly body?: RequestBody | undefined;
  /** How fast the answer is read; unlimited without it. */
  readonly pace?: Pace | undefined;
}

interface ConversationOptions {
  readonly pool: ConnectionPool;
  /** Ends conversations in which nothing moves. Without it the handler limits the time. */
  readonly watch?: IdleWatch | undefined;
}

/** The registry sent something that is not a valid answer. */
export class AnswerError extends Error {
  readonly fault: AnswerFault;

  constructor(fault: AnswerFault) {
    super(`the registry sent ${fault.reason}`);
    this.name = 'AnswerError';
    this.fault = fault;
  }
}

/** Nothing moved for as long as this wait may last. */
export class IdleError extends Error {
  readonly wait: Wait;

  constructor(wait: Wait) {
    super(`waited in vain: ${wait}`);
    this.name = 'IdleError';
    this.wait = wait;
  }
}

const NOTHING = (): void => undefined;
const CONNECTING: Progress = { waitingFor: 'connect', moved: 0 };

/**
 * One request to the registry and its answer. It owns the connection, sends the request a second time if a kept
 * connection turns out to be closed, reads a large body into one leased buffer and no further before its handler has
 * taken the last piece, keeps the pace, and notices when nothing moves.
 */
export class Conversation implements ConnectionListener, Watched {
  readonly #handler: AnswerHandler;
  readonly #options: ConversationOptions;
  #request: BackendRequest;
  #connection: BackendConnection;
  #buffer: Buffer | undefined;
  #taken: (() => void) | undefined;
  #goOn: () => void = NOTHING;
  /** Pieces of the buffer that the handler has not taken yet. */
  #pending = 0;
  /** Pieces that the handler has taken. */
  #steps = 0;
  /** Whether the next piece waits for its pace. */
  #isHeld = false;
  /** Whether the connection is no longer ours: the answer is complete, or nothing more is wanted. */
  #isOver = false;
  #isClosed = false;

  constructor(handler: AnswerHandler, options: ConversationOptions, request: BackendRequest) {
    this.#handler = handler;
    this.#options = options;
    this.#request = request;
    this.#connection = request.body === undefined ? options.pool.take() : options.pool.open();
  }

  start(): void {
    this.#options.watch?.add(this);
    this.#ask();
  }

  /** Sends the request with another head on another connection, in place of the one whose answer has begun. */
  redirect(head: string): void {
    this.#connection.abandon();
    this.#request = { ...this.#request, head };
    this.#askAnew();
  }

  /** Ends the conversation. A connection whose answer is not complete is destroyed. Returns whether it was open. */
  close(): boolean {
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.#options.watch?.remove(this);
    this.#request.body?.stop();
    if (!this.#isOver) this.#connection.abandon();
    this.#isOver = true;
    this.#returnBuffer();
    return true;
  }

  /** Closes the conversation and tells the handler why. */
  fail(error: Error): void {
    if (this.close()) this.#handler.onFailure(error);
  }

  #ask(): void {
    const { method, head, body } = this.#request;
    this.#connection.begin(this, method, head);
    if (body === undefined) this.#connection.finish();
    else body.start(this.#connection.socket);
  }

  #askAnew(): void {
    this.#connection = this.#options.pool.open();
    this.#ask();
  }

  onHead(head: AnswerHead): void {
    if (!this.#handler.onHead(head) || this.#isOver) return;
    if (head.length !== undefined && head.length <= SMALL_BYTES) return;
    const { pace } = this.#request;
    this.#buffer = transferBuffers.take();
    this.#taken = () => this.#onTaken();
    if (pace !== undefined) this.#goOn = () => this.#onPaced();
    this.#connection.readInto(this.#buffer.subarray(0, pace?.pieceBytes));
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    // What came together with the head lies in the small buffer, which all connections share.
    if (buffer.buffer === this.#buffer?.buffer) {
      this.#pending += 1;
      this.#connection.pause();
      this.#handler.onBody(buffer, start, end, this.#taken);
    } else this.#handler.onBody(buffer, start, end, undefined);
  }

  onEnd(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#request.body?.stop();
    this.#handler.onEnd();
    this.#returnBuffer();
  }

  onFault(fault: AnswerFault): void {
    this.fail(new AnswerError(fault));
  }

  onBroken(error: Error): void {
    if (this.#isOver) return;
    if (this.#connection.isStale) this.#askAnew();
    else this.fail(error);
  }

  progress(): Progress {
    if (this.#isHeld || this.#request.body?.isHeld === true) return HELD;
    const { socket, isConnecting } = this.#connection;
    if (isConnecting && !this.#isOver) return CONNECTING;
    const elsewhere = this.#handler.waitsFor?.(this.#pending > 0);
    if (elsewhere !== undefined) return elsewhere;
    // The kernel takes a head at once, and of a body what the backend has room for.
    const queued = this.#request.body === undefined ? 0 : queuedBytes(socket);
    return { waitingFor: 'backend', moved: socket.bytesRead + socket.bytesWritten - queued + this.#steps };
  }

  expire(wait: Wait): void {
    this.fail(new IdleError(wait));
  }

  #onTaken(): void {
    this.#pending -= 1;
    this.#steps += 1;
    if (this.#pending > 0) return;
    if (this.#isOver) this.#returnBuffer();
    else if (this.#request.pace === undefined) this.#connection.resume();
    else this.#isHeld = inPace(this.#request.pace, this.#goOn);
  }

  #onPaced(): void {
    this.#isHeld = false;
    // Once the conversation is over, the connection may serve another one.
    if (!this.#isOver) this.#connection.resume();
  }

  #returnBuffer(): void {
    if (this.#buffer === undefined || this.#pending > 0) return;
    transferBuffers.give(this.#buffer);
    this.#buffer = undefined;
  }
}
