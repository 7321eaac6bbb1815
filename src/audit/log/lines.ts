import { open, stat, type FileHandle } from 'node:fs/promises';

export interface Line {
  readonly number: number;
  /** Without the line end. Valid until the next line is requested. */
  readonly bytes: Buffer;
  /** Whether it has a line end. The last line of a file that is being written has none. */
  readonly isWhole: boolean;
}

const CHUNK = 256 * 1024;
/** Longer than any line that the gate writes. Only the beginning of longer lines is kept. */
const LONGEST = 1024 * 1024;
const LINE_END = 0x0a;

/** Yields the lines of a file in constant memory. Rejects with a system error. */
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

interface FollowLinesOptions {
  readonly everyMs?: number;
  /** Whether to continue. */
  readonly goesOn: () => boolean;
  /** Called when the end of the file has been reached. */
  readonly onPause?: () => void;
}

/**
 * Yields lines and waits for more. It continues with the new file if the old one was moved away, and from the beginning
 * if it was truncated.
 */
export async function* followLines(path: string, options: FollowLinesOptions): AsyncGenerator<Line> {
  const { everyMs = 250, goesOn, onPause = () => undefined } = options;
  let file = await open(path, 'r');
  try {
    let reader = new LineReader(file);
    while (goesOn()) {
      // Checked before the end is read, so that everything written until then is read now.
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
  /** Bytes read. */
  position = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Yields the complete lines up to the current end of the file. */
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

  /** Returns the bytes after the last line end. */
  rest(): Line | undefined {
    if (this.#rest.length === 0) return undefined;
    return { number: this.#number + 1, bytes: this.#rest, isWhole: false };
  }
}
