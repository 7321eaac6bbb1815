import { write } from 'node:fs';
import type { Hash } from 'node:crypto';
import { systemCode } from '../../lib/errors.ts';
import { createHasher, type Digest } from '../../oci/digest.ts';
import type { OpenBlob } from '../reply/blob-reply.ts';
import type { Growth } from '../reply/reply.ts';
import type { BlobFiles, Draft } from './blob-files.ts';
import type { BlobSink } from './blob-source.ts';

/** Why a fill failed. `disk`: the registry could still send the rest directly. */
type FillFailure = 'backend' | 'digest' | 'disk' | 'no-room' | 'unwanted';

export class FillError extends Error {
  readonly kind: FillFailure;

  constructor(kind: FillFailure, cause?: unknown) {
    super(`a fill ended early: ${kind}`, { cause });
    this.name = 'FillError';
    this.kind = kind;
  }
}

interface FillOptions {
  readonly digest: Digest;
  readonly files: BlobFiles;
  /** The registry has begun to send the blob. */
  readonly onBegin: (size: number) => void;
  /** The fill has succeeded or failed. Called once. */
  readonly onOver: (error: FillError | undefined) => void;
}

/**
 * One blob on its way from the registry into a file. Other requests for it read from the file as it grows. A reader
 * does not see the last bytes before the digest of all was verified, so no client receives the whole of a wrong blob.
 */
export class Fill implements BlobSink, Growth {
  /** Resolves once the fill can be joined. Rejects with FillError if it can't. */
  readonly opened: Promise<void>;
  /** Stops the fetch from the registry. Set by the caller that began it. */
  stop: () => void = () => undefined;
  ready = 0;
  readonly #options: FillOptions;
  readonly #hash: Hash;
  readonly #open = Promise.withResolvers<void>();
  #size = 0;
  #received = 0;
  #readers = 0;
  #draft: Draft | undefined;
  #work: Promise<void> = Promise.resolve();
  #error: FillError | undefined;
  /** The fill has succeeded or failed. */
  #isOver = false;
  /** No write to the file is pending or will follow. */
  #isSettled = false;
  #waiting: ((error?: Error) => void)[] = [];

  constructor(options: FillOptions) {
    this.#options = options;
    this.#hash = createHasher(options.digest.algorithm);
    this.opened = this.#open.promise;
    this.opened.catch(() => undefined);
  }

  begin(size: number): void {
    if (size === 0) {
      this.#fail(new FillError('no-room'));
      return;
    }
    this.#size = size;
    this.#options.onBegin(size);
    this.#work = this.#prepare();
    this.#work.catch((error: unknown) => this.#fail(error));
  }

  write(piece: Buffer, done: () => void): void {
    const at = this.#received;
    this.#received += piece.length;
    this.#hash.update(piece);
    this.#work = this.#work.then(() => this.#append(piece, at)).finally(done);
    this.#work.catch((error: unknown) => this.#fail(error));
  }

  end(error?: Error): void {
    this.#work = this.#work.then(() => {
      if (error !== undefined || this.ready < this.#size) throw new FillError('backend', error);
      return this.#keep();
    });
    this.#work.catch((reason: unknown) => this.#fail(reason));
  }

  /** Opens the blob for one more reader. Call only after `opened` has resolved. */
  join(): OpenBlob {
    const draft = this.#draft;
    if (draft === undefined) throw new Error('a fill was joined before it was opened');
    this.#readers += 1;
    let isIn = true;
    const close = async (): Promise<void> => {
      if (!isIn) return;
      isIn = false;
      await this.#removeReader();
    };
    return { file: { fd: draft.file.fd, close }, size: this.#size, growth: this };
  }

  /** Ends the fill. Its readers get the rest from the registry. */
  cancel(): void {
    if (!this.#isOver && this.ready < this.#size) this.#fail(new FillError('unwanted'));
  }

  next(callback: (error?: Error) => void): void {
    if (this.#error === undefined) this.#waiting.push(callback);
    else callback(this.#error);
  }

  async #prepare(): Promise<void> {
    const { files } = this.#options;
    try {
      this.#draft = await files.draft(this.#size);
    } catch (error) {
      throw new FillError('disk', error);
    }
    if (this.#draft === undefined) throw new FillError('no-room');
    this.#open.resolve();
  }

  async #append(piece: Buffer, at: number): Promise<void> {
    const fd = this.#draft?.file.fd;
    if (fd === undefined || this.#error !== undefined) return;
    try {
      await writeAll(fd, piece, at);
    } catch (error) {
      throw new FillError('disk', error);
    }
    const end = at + piece.length;
    if (end === this.#size && this.#hash.digest('hex') !== this.#options.digest.hex)
      throw new FillError('digest');
    this.#grow(end);
  }

  #grow(end: number): void {
    this.ready = end;
    for (const callback of this.#waiting.splice(0)) callback();
  }

  async #keep(): Promise<void> {
    const { files, digest, onOver } = this.#options;
    const draft = this.#draft;
    if (draft === undefined) return;
    let failure: FillError | undefined;
    await files.keep(draft, digest).catch((error: unknown) => {
      // Another program removed the draft. The disk did not fail.
      failure = new FillError(systemCode(error) === 'ENOENT' ? 'unwanted' : 'disk', error);
    });
    this.#isOver = true;
    onOver(failure);
    await this.#settle();
  }

  #fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const error = reason instanceof FillError ? reason : new FillError('disk', reason);
    this.#error = error;
    this.stop();
    this.#open.reject(error);
    this.#options.onOver(error);
    for (const callback of this.#waiting.splice(0)) callback(error);
    void this.#cleanUp();
  }

  async #cleanUp(): Promise<void> {
    const draft = this.#draft;
    if (draft === undefined) return;
    await this.#options.files.discard(draft);
    // A pending write must not find its descriptor reused.
    await this.#work.catch(() => undefined);
    await this.#settle();
  }

  async #settle(): Promise<void> {
    this.#isSettled = true;
    if (this.#readers === 0) await this.#draft?.file.close();
  }

  async #removeReader(): Promise<void> {
    this.#readers -= 1;
    if (this.#readers > 0) return;
    if (this.#isSettled) await this.#draft?.file.close();
    else this.cancel();
  }
}

function writeAll(fd: number, piece: Buffer, at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    write(fd, piece, 0, piece.length, at, (error, written) => {
      if (error !== null) reject(error);
      else if (written < piece.length)
        writeAll(fd, piece.subarray(written), at + written).then(resolve, reject);
      else resolve();
    });
  });
}
