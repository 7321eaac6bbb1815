import { write } from 'node:fs';
import { transferBuffers } from '../../../lib/streams/buffers.ts';
import { ChunkCoalescer } from '../../../lib/streams/chunk-coalescer.ts';
import { BodyReader } from '../../../lib/streams/body-reader.ts';
import { tooLarge } from '../../../oci/request/body.ts';
import type { Problem } from '../../../oci/problem.ts';
import type { Transfer } from '../../reply/job.ts';

/** How a body ended: whole, cut off by the client, or refused midway. */
type ReceivedBody =
  | { readonly kind: 'whole'; readonly bytes: number }
  | { readonly kind: 'aborted'; readonly bytes: number }
  | { readonly kind: 'refused'; readonly bytes: number; readonly problem: Problem };

/** Receives chunks. If `isFull` returns true the sender pauses until `onRoom`. `onError` is called at most once. */
export interface Sink {
  write(chunk: Buffer): void;
  isFull(): boolean;
  onRoom: () => void;
  onError: (error: Error) => void;
  /** Why it accepts no more chunks; undefined while it does. */
  readonly refusal?: Problem | undefined;
  /** Resolves when all chunks are stored. */
  finish(): Promise<void>;
}

/**
 * Reads the body of a request into a sink, no faster than the sink accepts it. Sends `100 Continue` first: until then
 * no body was requested. Rejects if the sink fails.
 */
export async function receiveBody(transfer: Transfer, sink: Sink): Promise<ReceivedBody> {
  const { req, res } = transfer.job;
  if (req.headers.expect !== undefined) res.writeContinue();
  transfer.waitingFor = 'client-body';
  try {
    const received = await readInto(transfer, sink);
    transfer.waitingFor = 'backend';
    await sink.finish();
    return received;
  } finally {
    transfer.stop = undefined;
    transfer.waitingFor = 'backend';
  }
}

function readInto(transfer: Transfer, sink: Sink): Promise<ReceivedBody> {
  const { req, bodyLimit, pace, count } = transfer.job;
  const reader = new BodyReader(req, pace);
  transfer.held = reader;
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const end = (received: ReceivedBody): void => {
      // The rest of the body is discarded, so that the client can read its answer. The server bounds how much.
      if (received.kind === 'refused') reader.release();
      else reader.close();
      resolve(received);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      count('received', chunk.length);
      if (bodyLimit !== undefined && bytes > bodyLimit) {
        end({ kind: 'refused', bytes, problem: tooLarge(bodyLimit) });
        return;
      }
      sink.write(chunk);
      if (sink.refusal !== undefined) {
        end({ kind: 'refused', bytes, problem: sink.refusal });
        return;
      }
      const isFull = sink.isFull();
      if (isFull) transfer.waitingFor = 'backend';
      reader.took(isFull);
    };
    sink.onRoom = () => {
      transfer.steps += 1;
      transfer.waitingFor = 'client-body';
      reader.room();
    };
    sink.onError = (error) => {
      reader.release();
      reject(error);
    };
    transfer.stop = (problem) => end({ kind: 'refused', bytes, problem });
    req.once('end', () => end({ kind: 'whole', bytes }));
    req.once('error', () => end({ kind: 'aborted', bytes }));
    req.once('close', () => end({ kind: req.complete ? 'whole' : 'aborted', bytes }));
    if (req.destroyed) end({ kind: 'aborted', bytes });
    else reader.open(onData);
  });
}

/**
 * Appends chunks to a file in large pieces and passes each piece to `see` once (the hash). Memory is bounded: the
 * request is paused while one piece is being written and the next one is full.
 */
export class FileSink implements Sink {
  onRoom = (): void => undefined;
  onError: (error: Error) => void = () => undefined;
  readonly #fd: number;
  readonly #pieces: ChunkCoalescer;

  constructor(fd: number, see: (piece: Buffer) => void) {
    this.#fd = fd;
    this.#pieces = new ChunkCoalescer({
      buffers: transferBuffers,
      deliver: (piece, done) => {
        see(piece);
        this.#append(piece, done);
      },
      onRoom: () => this.onRoom(),
      onError: (error) => this.onError(error),
    });
  }

  write(chunk: Buffer): void {
    this.#pieces.take(chunk);
  }

  isFull(): boolean {
    return this.#pieces.isFull();
  }

  async finish(): Promise<void> {
    await this.#pieces.finish();
  }

  #append(piece: Buffer, done: (error: Error | null) => void): void {
    write(this.#fd, piece, (error, written) => {
      if (error === null && written < piece.length) this.#append(piece.subarray(written), done);
      else done(error);
    });
  }
}
