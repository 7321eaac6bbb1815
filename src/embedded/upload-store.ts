import type { Hash } from 'node:crypto';
import { randomUUID } from 'node:crypto';
import { read } from 'node:fs';
import { mkdir, open, stat, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { AppError } from '../lib/errors.ts';
import { transferBuffers } from '../lib/buffers.ts';
import { createExpiringMap } from '../lib/expiring-map.ts';
import { withFileLock } from '../lib/file-lock.ts';
import { createHasher } from '../registry/digest.ts';
import type { Algorithm } from '../registry/digest.ts';
import { discard, ifAny, isRenamed, isThere } from './durable.ts';
import type { Staging } from './durable.ts';
import { causeOf } from './faults.ts';
import { isUpload } from './paths.ts';
import type { Paths } from './paths.ts';

export interface UploadStoreOptions {
  readonly paths: Paths;
  readonly staging: Staging;
  readonly now: () => Date;
}

/** An upload session, open for one request alone. */
export interface OpenUpload {
  readonly id: string;
  readonly path: string;
  /** Every write goes to the end: bytes that are there are never overwritten. */
  readonly file: FileHandle;
  /** Bytes at the beginning of this request. */
  readonly size: number;
  /** The state of the hash after these bytes. It is handed over: give it back with `keepHash`. */
  hash(algorithm: Algorithm): Promise<Hash>;
  keepHash(algorithm: Algorithm, hash: Hash, size: number): void;
}

export type UploadOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'busy' };

interface HashState {
  readonly algorithm: Algorithm;
  readonly hash: Hash;
  readonly size: number;
}

const readInto = promisify(read);
const MAX_STATES = 10_000;
const STATE_MS = 24 * 60 * 60 * 1000;
/** How long a request waits for another one on the same upload: long enough to see that a dead process held it. */
const WAIT_MS = 7000;

/**
 * Upload sessions, where distribution keeps them too. The bytes on the disk are the session; the state of the hash is
 * kept in memory and made again by reading the file, where another process went on with it or this one is new.
 */
export class UploadStore {
  readonly #paths: Paths;
  readonly #staging: Staging;
  readonly #now: () => Date;
  readonly #states = createExpiringMap<string, HashState>({
    maxSize: MAX_STATES,
    ttl: STATE_MS,
    now: () => performance.now(),
  });

  constructor({ paths, staging, now }: UploadStoreOptions) {
    this.#paths = paths;
    this.#staging = staging;
    this.#now = now;
  }

  /** Begins a session; resolves to its name. */
  async create(repository: string): Promise<string> {
    const id = randomUUID();
    const folder = this.#paths.upload(repository, id);
    // Not forced to the disk: a session that a power cut took away is begun again.
    await mkdir(folder, { recursive: true });
    await writeFile(`${folder}/startedat`, `${this.#now().toISOString().slice(0, 19)}Z`);
    return id;
  }

  /** Bytes so far, or undefined for a session that is not known. */
  async size(repository: string, id: string): Promise<number | undefined> {
    if (!isUpload(id)) return undefined;
    const folder = this.#paths.upload(repository, id);
    const data = await ifAny(stat(`${folder}/data`));
    if (data !== undefined) return data.size;
    return (await isThere(`${folder}/startedat`)) ? 0 : undefined;
  }

  /** Ends a session. False for one that is not known. */
  async remove(repository: string, id: string): Promise<boolean> {
    this.#states.delete(`${repository}/${id}`);
    if (!isUpload(id)) return false;
    const staged = this.#staging.path();
    if (!(await isRenamed(this.#paths.upload(repository, id), staged))) return false;
    await discard(staged);
    return true;
  }

  /** Opens a session for one request, of all processes on all hosts. */
  async use<T>(
    repository: string,
    id: string,
    action: (upload: OpenUpload) => Promise<T>,
  ): Promise<UploadOutcome<T>> {
    if ((await this.size(repository, id)) === undefined) return { kind: 'unknown' };
    const path = `${this.#paths.upload(repository, id)}/data`;
    try {
      return await withFileLock(path, () => this.#open(repository, id, action), { timeoutMs: WAIT_MS });
    } catch (error) {
      if (error instanceof AppError && error.code === 'LOCK_TIMEOUT') return { kind: 'busy' };
      if (error instanceof AppError && causeOf(error) === 'ENOENT') return { kind: 'unknown' };
      throw error;
    }
  }

  async #open<T>(
    repository: string,
    id: string,
    action: (upload: OpenUpload) => Promise<T>,
  ): Promise<UploadOutcome<T>> {
    // Who held the session before us may have ended it.
    if ((await this.size(repository, id)) === undefined) return { kind: 'unknown' };
    const path = `${this.#paths.upload(repository, id)}/data`;
    const file = await open(path, 'a+');
    try {
      const { size } = await file.stat();
      const key = `${repository}/${id}`;
      const upload: OpenUpload = {
        id,
        path,
        file,
        size,
        hash: (algorithm) => this.#hash(key, file, size, algorithm),
        keepHash: (algorithm, hash, bytes) => this.#states.set(key, { algorithm, hash, size: bytes }),
      };
      return { kind: 'done', value: await action(upload) };
    } finally {
      await file.close();
    }
  }

  async #hash(key: string, file: FileHandle, size: number, algorithm: Algorithm): Promise<Hash> {
    const state = this.#states.get(key);
    this.#states.delete(key);
    if (state?.algorithm === algorithm && state.size === size) return state.hash;
    return hashFile(file, size, algorithm);
  }
}

/** The hash of the first bytes of a file. */
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
