import { randomUUID, type Hash } from 'node:crypto';
import { constants, read } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { AppError, systemCode } from '../../../lib/errors.ts';
import { transferBuffers } from '../../../lib/streams/buffers.ts';
import { createExpiringMap } from '../../../lib/expiring-map.ts';
import { withFileLock } from '../../../lib/files/file-lock.ts';
import { makePath } from '../../../lib/files/make-path.ts';
import { createHasher, type Algorithm } from '../../../oci/digest.ts';
import type { Problem } from '../../../oci/problem.ts';
import { discard, ifExists, isRenamed } from '../disk/durable.ts';
import { causeOf } from '../disk/faults.ts';
import { FILE_MODE, FOLDER_MODE } from '../disk/folders.ts';
import { OpenUploads, type OpenUploadsOptions } from './open-uploads.ts';
import { isUpload, type Paths, type UploadSession } from '../disk/paths.ts';
import type { Staging } from '../disk/staging.ts';

/** An upload session, open for one request only. */
export interface OpenUpload {
  readonly id: string;
  readonly path: string;
  /** Writes append: existing bytes are never overwritten. */
  readonly file: FileHandle;
  /** Bytes at the beginning of this request. */
  readonly size: number;
  /** Returns the hash state after these bytes and gives up ownership of it. Return it with `keepHash`. */
  hash(algorithm: Algorithm): Promise<Hash>;
  keepHash(algorithm: Algorithm, hash: Hash, size: number): void;
}

type UploadOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'busy' };

interface NewUpload {
  readonly id: string;
  readonly path: string;
  readonly file: FileHandle;
}

interface HashState {
  readonly algorithm: Algorithm;
  readonly hash: Hash;
  readonly size: number;
}

const readInto = promisify(read);
const MAX_STATES = 10_000;
/** The state of a hash, outside V8's heap, and the name of its upload. */
const STATE_BYTES = 2048;
const STATE_MS = 24 * 60 * 60 * 1000;
/**
 * How long a request waits for another one on the same upload: long enough to see that a dead process held the lock.
 */
const WAIT_MS = 7000;
const TRIES = 8;
const APPEND = constants.O_RDWR | constants.O_APPEND;

/**
 * Upload sessions, each a file that holds the bytes so far. The hash state is kept in memory. It is computed again from
 * the file if another process continued the session or this one was restarted.
 */
export class UploadStore {
  /** All upload sessions of all users. */
  readonly all: OpenUploads;
  readonly #paths: Paths;
  readonly #staging: Staging;
  readonly #states = createExpiringMap<HashState>({
    maxBytes: MAX_STATES * STATE_BYTES,
    bytesOf: () => STATE_BYTES / 2,
    maxSize: MAX_STATES,
    ttl: STATE_MS,
    now: () => performance.now(),
  });

  constructor(options: OpenUploadsOptions) {
    this.all = new OpenUploads(options);
    this.#paths = options.paths;
    this.#staging = options.staging;
  }

  /**
   * Begins a session. Returns why the user may not, or the open file, which the caller closes. Nothing is synced: after
   * a power failure the client begins again.
   */
  async create(repository: string, owner: string): Promise<NewUpload | Problem> {
    const refusal = await this.all.refusal(owner);
    if (refusal !== undefined) return refusal;
    const id = randomUUID();
    const path = this.#paths.upload({ repository, id, owner });
    for (let tries = 1; ; tries += 1) {
      await makePath(this.#paths.uploadsOf(owner), FOLDER_MODE);
      try {
        return { id, path, file: await open(path, 'ax', FILE_MODE) };
      } catch (error) {
        // The folder was removed as empty at this moment.
        if (systemCode(error) !== 'ENOENT' || tries === TRIES) throw error;
      }
    }
  }

  /** Returns the bytes so far, or undefined for an unknown session. */
  async size(session: UploadSession): Promise<number | undefined> {
    return isUpload(session.id) ? (await ifExists(stat(this.#paths.upload(session))))?.size : undefined;
  }

  /** Ends a session. Returns false for an unknown one. */
  async remove(session: UploadSession): Promise<boolean> {
    if (!isUpload(session.id)) return false;
    const path = this.#paths.upload(session);
    this.#states.delete(path);
    const staged = this.#staging.path();
    if (!(await isRenamed(path, staged))) return false;
    await discard(staged);
    await this.all.removeEmptyFolder(session.owner);
    return true;
  }

  /** Opens a session for one request, exclusively among all processes on all hosts. */
  async use<T>(
    session: UploadSession,
    action: (upload: OpenUpload) => Promise<T>,
  ): Promise<UploadOutcome<T>> {
    if ((await this.size(session)) === undefined) return { kind: 'unknown' };
    const path = this.#paths.upload(session);
    try {
      return await withFileLock(path, () => this.#open(session, action), { timeoutMs: WAIT_MS });
    } catch (error) {
      if (error instanceof AppError && error.code === 'LOCK_TIMEOUT') return { kind: 'busy' };
      if (error instanceof AppError && causeOf(error) === 'ENOENT') return { kind: 'unknown' };
      throw error;
    } finally {
      await this.all.removeEmptyFolder(session.owner);
    }
  }

  async #open<T>(
    session: UploadSession,
    action: (upload: OpenUpload) => Promise<T>,
  ): Promise<UploadOutcome<T>> {
    const path = this.#paths.upload(session);
    // Another request may have ended the session while this one waited for the lock.
    const size = await this.size(session);
    const file = size === undefined ? undefined : await ifExists(open(path, APPEND));
    if (size === undefined || file === undefined) return { kind: 'unknown' };
    try {
      const upload: OpenUpload = {
        id: session.id,
        path,
        file,
        size,
        hash: (algorithm) => this.#hash({ path, file, size }, algorithm),
        keepHash: (algorithm, hash, bytes) => this.#states.set(path, { algorithm, hash, size: bytes }),
      };
      return { kind: 'done', value: await action(upload) };
    } finally {
      await file.close();
    }
  }

  async #hash(
    { path, file, size }: Pick<OpenUpload, 'path' | 'file' | 'size'>,
    algorithm: Algorithm,
  ): Promise<Hash> {
    const state = this.#states.get(path);
    this.#states.delete(path);
    if (state?.algorithm === algorithm && state.size === size) return state.hash;
    return hashFile(file, size, algorithm);
  }
}

/** Returns the hash of the first bytes of a file. */
async function hashFile(file: FileHandle, size: number, algorithm: Algorithm): Promise<Hash> {
  const hash = createHasher(algorithm);
  const buffer = transferBuffers.take();
  try {
    for (let at = 0; at < size;) {
      const { bytesRead } = await readInto(file.fd, buffer, 0, Math.min(buffer.length, size - at), at);
      if (bytesRead === 0) throw new Error('an upload became shorter while it was read');
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return hash;
  } finally {
    transferBuffers.give(buffer);
  }
}
