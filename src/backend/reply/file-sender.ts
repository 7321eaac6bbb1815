import { read } from 'node:fs';
import { transferBuffers } from '../../lib/streams/buffers.ts';
import { inPace } from '../../lib/streams/idle-watch.ts';
import type { Transfer } from './job.ts';
import type { FilePart, FileParts, Growth } from './reply.ts';

const BUFFERS_PER_TRANSFER = 2;

/** A file ended before it was complete. The bytes before its end were sent. */
export class GrowthEnded extends Error {
  /** The first byte of the file that was not sent. */
  readonly position: number;

  constructor(position: number, cause: Error) {
    super('the file was not written to its end', { cause });
    this.name = 'GrowthEnded';
    this.position = position;
  }
}

/**
 * Sends a part of a file through two buffers: one is read into while the other is written. They come from a pool, so
 * that memory stays flat, and only the kernel copies bytes. Resolves when all is written or the client has
 * disconnected. Rejects if the file can't be read or became shorter, and with GrowthEnded if it stopped growing. Closes
 * the file.
 */
export async function sendFile(transfer: Transfer, part: FilePart): Promise<void> {
  try {
    const finish = (): void => void transfer.job.res.end();
    await new Promise<void>((resolve, reject) =>
      new FileSender(transfer, part, { resolve, reject, finish }).run(),
    );
  } finally {
    await part.file.close().catch(() => undefined);
  }
}

/** Sends several parts of a file, one after the other, as `sendFile` sends one. */
export async function sendParts(transfer: Transfer, { file, growth, parts, tail }: FileParts): Promise<void> {
  const { res, count } = transfer.job;
  const finish = (): void => undefined;
  try {
    for (const { head, start, length } of parts) {
      if (res.destroyed) return;
      res.write(head);
      count('sent', head.length);
      const part = { file, growth, start, length };
      await new Promise<void>((resolve, reject) =>
        new FileSender(transfer, part, { resolve, reject, finish }).run(),
      );
    }
    count('sent', tail.length);
    res.end(tail);
  } finally {
    await file.close().catch(() => undefined);
  }
}

interface Ends {
  /** Called when all is written, before `resolve`. */
  readonly finish: () => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class FileSender {
  readonly #transfer: Transfer;
  readonly #fd: number;
  readonly #ends: Ends;
  readonly #growth: Growth | undefined;
  readonly #free: Buffer[] = [];
  readonly #goOn = (): void => this.#onPaced();
  readonly #onClose = (): void => this.#leave();
  #taken = 0;
  #position: number;
  #unread: number;
  #unsent: number;
  #reading = false;
  #awaiting = false;
  #over = false;
  /** Whether the next piece waits for its pace. */
  isHeld = false;

  constructor(transfer: Transfer, { file, start, length, growth }: FilePart, ends: Ends) {
    this.#transfer = transfer;
    this.#fd = file.fd;
    this.#position = start;
    this.#unread = length;
    this.#unsent = length;
    this.#growth = growth;
    this.#ends = ends;
    transfer.held = this;
  }

  run(): void {
    const { res } = this.#transfer.job;
    if (res.destroyed || this.#unread === 0) {
      this.#end();
      return;
    }
    res.once('close', this.#onClose);
    this.#read();
  }

  #read(): void {
    if (this.#reading || this.#awaiting || this.#over || this.isHeld || this.#unread === 0) return;
    const ready = this.#growth === undefined ? this.#unread : this.#growth.ready - this.#position;
    if (ready <= 0) {
      this.#await();
      return;
    }
    this.#readPiece(ready);
  }

  #readPiece(ready: number): void {
    const buffer = this.#free.pop() ?? this.#take();
    if (buffer === undefined) return;
    this.#reading = true;
    const { pace } = this.#transfer.job;
    const wanted = Math.min(buffer.length, this.#unread, ready, pace?.pieceBytes ?? Infinity);
    read(this.#fd, buffer, 0, wanted, this.#position, (error, bytes) => {
      this.#reading = false;
      this.#transfer.steps += 1;
      if (error !== null || bytes === 0 || this.#over) this.#stop(buffer, error);
      else this.#write(buffer, bytes);
    });
  }

  #onPaced(): void {
    this.isHeld = false;
    this.#read();
  }

  #await(): void {
    this.#awaiting = true;
    this.#growth?.next((error) => {
      this.#awaiting = false;
      this.#transfer.steps += 1;
      if (error === undefined) this.#read();
      else this.#endEarly(new GrowthEnded(this.#position, error));
    });
    if (this.#unsent === this.#unread) this.#transfer.waitingFor = 'backend';
  }

  #take(): Buffer | undefined {
    if (this.#taken === BUFFERS_PER_TRANSFER) return undefined;
    this.#taken += 1;
    return transferBuffers.take();
  }

  #write(buffer: Buffer, bytes: number): void {
    this.#position += bytes;
    this.#unread -= bytes;
    this.#transfer.waitingFor = 'client-reading';
    this.#transfer.job.res.write(buffer.subarray(0, bytes), (error) => {
      // Only now is the buffer free: before, the socket may still hold a part of it.
      this.#free.push(buffer);
      if (error !== null && error !== undefined) this.#leave();
      else this.#sent(bytes);
    });
    this.#read();
  }

  #sent(bytes: number): void {
    this.#transfer.job.count('sent', bytes);
    this.#unsent -= bytes;
    if (this.#over) this.#giveBack();
    else if (this.#unsent === 0) this.#end();
    else {
      if ((this.#reading || this.#awaiting) && this.#free.length > 0) this.#transfer.waitingFor = 'backend';
      if (!this.isHeld) this.isHeld = inPace(this.#transfer.job.pace, this.#goOn);
    }
  }

  #stop(buffer: Buffer, error: Error | null): void {
    this.#free.push(buffer);
    if (this.#over) {
      this.#giveBack();
      this.#ends.resolve();
      return;
    }
    this.#endEarly(error ?? new Error('the file is shorter than it was'));
  }

  #endEarly(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#giveBack();
    this.#ends.reject(error);
  }

  /** The client has disconnected. A pending read ends first: its file must not be closed under it. */
  #leave(): void {
    const first = !this.#over;
    this.#over = true;
    this.#giveBack();
    if (first && !this.#reading) this.#ends.resolve();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#giveBack();
    this.#transfer.job.res.off('close', this.#onClose);
    this.#ends.finish();
    this.#ends.resolve();
  }

  #giveBack(): void {
    for (const buffer of this.#free.splice(0)) transferBuffers.give(buffer);
  }
}
