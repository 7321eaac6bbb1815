import { writev } from 'node:fs';
import { tooLarge } from '../registry/body.ts';
import type { Problem } from '../registry/problem.ts';
import type { Transfer } from './job.ts';

/** How a body ended: whole, cut off by the client, or refused on the way. */
export type Received =
  | { readonly kind: 'whole'; readonly bytes: number }
  | { readonly kind: 'aborted'; readonly bytes: number }
  | { readonly kind: 'refused'; readonly bytes: number; readonly problem: Problem };

/** Takes chunks. `isFull` says to stop sending; `onRoom` is called when there is room again, `onError` at most once. */
export interface Sink {
  take(chunk: Buffer): void;
  isFull(): boolean;
  onRoom: () => void;
  onError: (error: Error) => void;
  /** Resolves when everything taken is where it belongs. */
  finish(): Promise<void>;
}

/**
 * Reads the body of a request into a sink, no faster than the sink takes it. `100 Continue` is sent here: until this
 * moment nothing of the body was asked for. Rejects where the sink failed.
 */
export async function receiveBody(transfer: Transfer, sink: Sink): Promise<Received> {
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

function readInto(transfer: Transfer, sink: Sink): Promise<Received> {
  const { req, bodyLimit, count } = transfer.job;
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const end = (received: Received): void => {
      req.off('data', onData);
      // What still comes is dropped, so that the client gets to read its answer; the server bounds how much.
      if (received.kind === 'refused') req.resume();
      resolve(received);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      count('received', chunk.length);
      if (bodyLimit !== undefined && bytes > bodyLimit) {
        end({ kind: 'refused', bytes, problem: tooLarge(bodyLimit) });
        return;
      }
      sink.take(chunk);
      if (sink.isFull()) {
        transfer.waitingFor = 'backend';
        req.pause();
      }
    };
    sink.onRoom = () => {
      transfer.steps += 1;
      transfer.waitingFor = 'client-body';
      req.resume();
    };
    sink.onError = (error) => {
      req.off('data', onData);
      req.resume();
      reject(error);
    };
    transfer.stop = (problem) => end({ kind: 'refused', bytes, problem });
    req.once('end', () => end({ kind: 'whole', bytes }));
    req.once('error', () => end({ kind: 'aborted', bytes }));
    req.once('close', () => end({ kind: req.complete ? 'whole' : 'aborted', bytes }));
    if (req.destroyed) end({ kind: 'aborted', bytes });
    else req.on('data', onData);
  });
}

/** Keeps the chunks in memory: for manifests, whose size is limited. */
export class MemorySink implements Sink {
  onRoom = (): void => undefined;
  onError = (): void => undefined;
  readonly #chunks: Buffer[] = [];

  take(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  isFull(): boolean {
    return false;
  }

  async finish(): Promise<void> {}

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

const WRITE_BYTES = 512 * 1024;
const WAITING_BYTES = 1024 * 1024;

/**
 * Appends the chunks to a file, many with one system call, and shows each to `see` once (the hash). Little is held: the
 * request is paused while more waits than is being written.
 */
export class FileSink implements Sink {
  onRoom = (): void => undefined;
  onError: (error: Error) => void = () => undefined;
  readonly #fd: number;
  readonly #see: (chunk: Buffer) => void;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #writing = false;
  #paused = false;
  #error: Error | undefined;
  #finished: (() => void) | undefined;

  constructor(fd: number, see: (chunk: Buffer) => void) {
    this.#fd = fd;
    this.#see = see;
  }

  take(chunk: Buffer): void {
    this.#see(chunk);
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (!this.#writing && this.#waitingBytes >= WRITE_BYTES) this.#write();
  }

  isFull(): boolean {
    this.#paused = this.#writing && this.#waitingBytes >= WAITING_BYTES;
    return this.#paused;
  }

  async finish(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#finished = resolve;
      if (!this.#writing) this.#write();
    });
    if (this.#error !== undefined) throw this.#error;
  }

  #write(): void {
    const chunks = this.#waiting;
    if (chunks.length === 0 || this.#error !== undefined) {
      this.#writing = false;
      this.#finished?.();
      return;
    }
    this.#writing = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#append(chunks);
    if (this.#paused) {
      this.#paused = false;
      this.onRoom();
    }
  }

  #append(chunks: readonly Buffer[]): void {
    writev(this.#fd, chunks, (error, written) => {
      if (error !== null) this.#fail(error);
      else {
        const left = rest(chunks, written);
        if (left.length > 0) this.#append(left);
        else if (this.#waitingBytes >= WRITE_BYTES || this.#finished !== undefined || this.#paused)
          this.#write();
        else this.#writing = false;
      }
    });
  }

  #fail(error: Error): void {
    this.#error = error;
    this.#writing = false;
    this.#finished?.();
    this.onError(error);
  }
}

/** What a short write has left. */
function rest(chunks: readonly Buffer[], written: number): Buffer[] {
  let skip = written;
  const left: Buffer[] = [];
  for (const chunk of chunks) {
    if (skip < chunk.length) left.push(chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.length);
  }
  return left;
}
