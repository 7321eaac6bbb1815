import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without the line end. Good until the next one is asked for. */
  readonly bytes: Buffer;
  /** Whether there is a line end behind it: the last line of a file that is being written has none. */
  readonly isWhole: boolean;
}

const CHUNK = 256 * 1024;
/** Nothing that we write is longer; what is, is told of by its beginning. */
const LONGEST = 1024 * 1024;
const LINE_END = 0x0a;

/** The lines of a file, in memory that does not grow with it. Rejects with a system error. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  const file = await open(path, 'r');
  try {
    const reader = new LineReader(file);
    yield* reader.more();
    const rest = reader.rest();
    if (rest !== undefined) yield rest;
  } finally {
    await file.close();
  }
}

export interface FollowOptions {
  readonly everyMs?: number;
  /** Whether to go on. */
  readonly goesOn: () => boolean;
  /** Called where all that there is has been read. */
  readonly onPause?: () => void;
}

/** `readLines` that waits for more, and goes on with the new file where the old one was moved away, or with the same where it was emptied. */
export async function* followLines(path: string, options: FollowOptions): AsyncGenerator<Line> {
  const { everyMs = 250, goesOn, onPause = () => undefined } = options;
  let file = await open(path, 'r');
  try {
    let reader = new LineReader(file);
    while (goesOn()) {
      // Asked before the end is read: what was written until then is in what is read now.
      const change = await changeOf(file, path, reader.position);
      yield* reader.more();
      if (change === 'moved') {
        const next = await open(path, 'r').catch(() => undefined);
        if (next !== undefined) {
          await file.close();
          file = next;
          reader = new LineReader(file);
          continue;
        }
      } else if (change === 'emptied') {
        reader = new LineReader(file);
        continue;
      }
      onPause();
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  } finally {
    await file.close();
  }
}

async function changeOf(
  file: FileHandle,
  path: string,
  position: number,
): Promise<'moved' | 'emptied' | undefined> {
  const [ours, theirs] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  if (ours.size < position) return 'emptied';
  if (theirs === undefined) return undefined;
  return ours.ino === theirs.ino && ours.dev === theirs.dev ? undefined : 'moved';
}

class LineReader {
  readonly #file: FileHandle;
  readonly #chunk = Buffer.allocUnsafe(CHUNK);
  #rest: Buffer = Buffer.alloc(0);
  #number = 0;
  /** Bytes that were read. */
  position = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The whole lines until the end of the file as it is. */
  async *more(): AsyncGenerator<Line> {
    for (;;) {
      const { bytesRead } = await this.#file.read(this.#chunk, 0, CHUNK, this.position);
      if (bytesRead === 0) return;
      this.position += bytesRead;
      yield* this.#split(this.#chunk.subarray(0, bytesRead));
    }
  }

  *#split(bytes: Buffer): Generator<Line> {
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LINE_END, start);
      if (end < 0) break;
      const piece = bytes.subarray(start, end);
      const line = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
      this.#rest = Buffer.alloc(0);
      start = end + 1;
      this.#number += 1;
      yield { number: this.#number, bytes: line, isWhole: true };
    }
    if (start < bytes.length && this.#rest.length < LONGEST)
      this.#rest = Buffer.concat([this.#rest, bytes.subarray(start)]);
  }

  /** What stands behind the last line end. */
  rest(): Line | undefined {
    if (this.#rest.length === 0) return undefined;
    return { number: this.#number + 1, bytes: this.#rest, isWhole: false };
  }
}
