import type { Socket } from 'node:net';
import { uploadBuffers } from '../../lib/streams/buffers.ts';
import { ChunkCoalescer } from '../../lib/streams/chunk-coalescer.ts';
import { BodyReader } from '../../lib/streams/body-reader.ts';
import { bodyLength, tooLarge } from '../../oci/request/body.ts';
import type { Problem } from '../../oci/problem.ts';
import type { RequestBody } from '../client/conversation.ts';
import { handleDeferredWriteErrors } from '../../lib/node/deferred-write-errors.ts';
import type { Job } from '../reply/job.ts';

type BodyJob = Pick<Job, 'req' | 'res' | 'bodyLimit' | 'pace' | 'count'>;

/**
 * The body of an upload on its way to the backend, framed anew: by the length in the head of the request, or in chunks of
 * our own. An incomplete body gets no end.
 */
export class PushBody implements RequestBody {
  /** Bytes in all; undefined if the body is chunked. */
  readonly length: number | undefined;
  readonly #job: BodyJob;
  /** The most bytes that are sent: what follows a body would be the beginning of another request. */
  readonly #most: number;
  readonly #reader: BodyReader;
  #coalescer: ChunkCoalescer | undefined;
  readonly #onProblem: (problem: Problem) => void;
  #received = 0;
  #isFlushing = false;

  /** `onProblem`: called if the body is too large. */
  constructor(job: BodyJob, onProblem: (problem: Problem) => void) {
    this.#job = job;
    this.#onProblem = onProblem;
    this.#reader = new BodyReader(job.req, job.pace);
    this.length = bodyLength(job.req.headers);
    this.#most = Math.min(job.bodyLimit ?? Infinity, this.length ?? Infinity);
  }

  /** Whether the next move is the client's: its body is not complete, and the backend would take more of it. */
  get waitsForClient(): boolean {
    return !this.#job.req.complete && !this.#reader.isFull;
  }

  /** Whether the next piece waits for its pace. */
  get isHeld(): boolean {
    return this.#reader.isHeld;
  }

  /** Sends the body to the backend as it arrives, no faster than the backend takes it. Begins with the next turn. */
  start(socket: Socket): void {
    const { req, res } = this.#job;
    if (req.headers.expect !== undefined) res.writeContinue();
    handleDeferredWriteErrors(socket);
    const coalescer = new ChunkCoalescer({
      buffers: uploadBuffers,
      deliver: this.length === undefined ? inChunks(socket) : (piece, done) => socket.write(piece, done),
      onRoom: () => this.#reader.room(),
      // The connection reports the reason.
      onError: () => this.stop(),
    });
    this.#coalescer = coalescer;
    this.#reader.open((chunk) => this.#take(chunk));
    req.once('end', () => {
      if (this.#coalescer !== undefined && req.complete) void this.#end(coalescer, socket);
    });
  }

  /** Drops the rest, so that the client gets to read its answer; the server bounds how much. */
  stop(): void {
    this.#coalescer = undefined;
    this.#reader.release();
  }

  #take(chunk: Buffer): void {
    const { count } = this.#job;
    const coalescer = this.#coalescer;
    if (coalescer === undefined) return;
    this.#received += chunk.length;
    count('received', chunk.length);
    if (this.#received > this.#most) {
      this.#onProblem(tooLarge(this.#most));
      return;
    }
    coalescer.take(chunk);
    const isFull = coalescer.isFull();
    this.#reader.took(isFull);
    if (!isFull) this.#flushSoon(coalescer);
  }

  /** Sends in one piece what arrived in one turn: nothing waits here for more. */
  #flushSoon(coalescer: ChunkCoalescer): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      coalescer.flush();
    });
  }

  async #end(coalescer: ChunkCoalescer, socket: Socket): Promise<void> {
    await coalescer.finish().catch(() => undefined);
    if (this.#coalescer !== undefined && this.length === undefined) socket.write('0\r\n\r\n', 'latin1');
  }
}

type Deliver = (piece: Buffer, done: (error?: Error | null) => void) => void;

function inChunks(socket: Socket): Deliver {
  return (piece, done) => {
    socket.cork();
    socket.write(`${piece.length.toString(16)}\r\n`, 'latin1');
    socket.write(piece);
    socket.write('\r\n', 'latin1', done);
    socket.uncork();
  };
}
