import { constants, fstatSync, write as writeTo } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../../lib/errors.ts';
import { giveTo, ownerForNew } from '../../lib/files/ownership.ts';

export interface LineFileOptions {
  /** `-` is standard output. */
  readonly path: string;
  /** Called once when lines can't be written, and again when they can. */
  readonly onFailure: (reason: string) => void;
  readonly onRecovery: (lost: number) => void;
  readonly retryMs?: number;
  /** The most bytes that wait while nothing can be written. Further lines are lost and counted. */
  readonly mostWaiting?: number;
}

/** Appends complete lines to a file in order. Once open it never throws and never waits. */
export interface LineFile {
  /** Returns false if the line does not fit and is lost. */
  append(line: string): boolean;
  /** Opens the path again, since the file may have been moved. Returns true if it is another file now. */
  reopen(): Promise<boolean>;
  /** Resolves when all lines are written or can't be. The remaining ones are lost. */
  close(): Promise<void>;
}

export const STANDARD_OUTPUT = '-';
/** A write of up to this many bytes to a shared pipe is never mixed with others (pipe(7), PIPE_BUF). */
const SHARED_WRITE = 4096;
const LARGEST_WRITE = 64 * 1024;
/** A pipe without a reader is an error instead of a wait. A file is created and never truncated. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/** Rejects with a system error if the file can't be opened. */
export async function openLineFile(options: LineFileOptions): Promise<LineFile> {
  const file = new AppendedFile(options);
  await file.reopen();
  return file;
}

/** A file that root creates belongs to the owner of its directory. */
async function openOrMake(path: string): Promise<FileHandle> {
  const old = await stat(path).catch(() => undefined);
  const file = await open(path, FLAGS, 0o600);
  if (old === undefined) await giveTo(await ownerForNew(dirname(path)), file);
  return file;
}

class AppendedFile implements LineFile {
  readonly #options: LineFileOptions;
  #file: FileHandle | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** How many bytes of the first waiting line are written. */
  #written = 0;
  #lost = 0;
  #isFailing = false;
  #running: Promise<void> | undefined;
  #isPaused = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LineFileOptions) {
    this.#options = options;
  }

  append(line: string): boolean {
    const { mostWaiting = 8 * 1024 * 1024 } = this.#options;
    const bytes = Buffer.from(`${line}\n`);
    if (this.#waitingBytes + bytes.length > mostWaiting) {
      this.#lost += 1;
      return false;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#timer === undefined) this.#start();
    return true;
  }

  #start(): void {
    if (!this.#isPaused) this.#running ??= this.#run();
  }

  async reopen(): Promise<boolean> {
    const { path } = this.#options;
    if (path === STANDARD_OUTPUT) return false;
    this.#isPaused = true;
    try {
      await this.#running;
      const before = this.#file;
      if (before !== undefined && (await isStillAt(before, path))) return false;
      this.#file = await openOrMake(path);
      // The rest of a line would not be a line: it is written again as a whole.
      this.#written = 0;
      await before?.close().catch(() => undefined);
      return true;
    } finally {
      this.#isPaused = false;
      this.#start();
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
    await this.#run();
    clearTimeout(this.#timer);
    await this.#file?.close().catch(() => undefined);
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    try {
      // Lines appended in the same turn are written together.
      await Promise.resolve();
      while (this.#waiting.length > 0) this.#advance(await this.#write(this.#batch()));
      this.#recover();
    } catch (error) {
      this.#fail(systemCode(error) ?? 'unknown');
    } finally {
      this.#running = undefined;
    }
    if (this.#waiting.length > 0 && this.#timer === undefined) this.#start();
  }

  #batch(): Buffer {
    const most = this.#options.path === STANDARD_OUTPUT ? SHARED_WRITE : LARGEST_WRITE;
    const batch: Buffer[] = [];
    let size = 0;
    for (const line of this.#waiting) {
      if (batch.length > 0 && size + line.length > most) break;
      batch.push(line);
      size += line.length;
    }
    return Buffer.concat(batch).subarray(this.#written);
  }

  #write(bytes: Buffer): Promise<number> {
    const fd = this.#options.path === STANDARD_OUTPUT ? 1 : this.#file?.fd;
    return new Promise((resolve, reject) => {
      if (fd === undefined) reject(new Error('not open'));
      else writeTo(fd, bytes, (error, written) => (error === null ? resolve(written) : reject(error)));
    });
  }

  /** Removes this many written bytes: complete lines, and perhaps a part of one. */
  #advance(bytes: number): void {
    this.#written += bytes;
    let lines = 0;
    for (const { length } of this.#waiting) {
      if (this.#written < length) break;
      this.#written -= length;
      this.#waitingBytes -= length;
      lines += 1;
    }
    this.#waiting.splice(0, lines);
  }

  #fail(reason: string): void {
    const { onFailure, retryMs = 1000 } = this.#options;
    // A slow reader is not an error.
    if (!this.#isFailing && reason !== 'EAGAIN') {
      this.#isFailing = true;
      onFailure(reason);
    }
    const delay = reason === 'EAGAIN' ? Math.min(retryMs, 50) : retryMs;
    this.#timer = setTimeout(() => this.#start(), delay).unref();
  }

  #recover(): void {
    if (!this.#isFailing && this.#lost === 0) return;
    const lost = this.#lost;
    this.#isFailing = false;
    this.#lost = 0;
    this.#options.onRecovery(lost);
  }
}

async function isStillAt(file: FileHandle, path: string): Promise<boolean> {
  const [ours, theirs] = [fstatSync(file.fd), await stat(path).catch(() => undefined)];
  return theirs !== undefined && ours.ino === theirs.ino && ours.dev === theirs.dev;
}
