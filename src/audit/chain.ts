import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** What a line is known by to the next one: SHA-256 of its bytes without the line end, in hex. */
export function hashOf(line: string | Buffer): string {
  return createHash('sha256').update(line).digest('hex');
}

/** How a file ends: what the next line has to name. */
export interface Tail {
  /** Of its last whole line; undefined where there is none. */
  readonly hash: string | undefined;
  /** Bytes after the last line end: of a line that was being written when the gate, or the machine, died. */
  readonly torn: number;
}

/** No line of ours is longer. */
export const LONGEST_LINE = 64 * 1024;
const EMPTY: Tail = { hash: undefined, torn: 0 };
const LINE_END = 0x0a;

/** Reads the end of a file; a file that is not there, or has no end, like a pipe, ends with nothing. */
export async function readTail(path: string): Promise<Tail> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch {
    return EMPTY;
  }
  try {
    const stats = await file.stat();
    return stats.isFile() ? await tailOf(file, stats.size) : EMPTY;
  } finally {
    await file.close();
  }
}

async function tailOf(file: FileHandle, size: number): Promise<Tail> {
  const length = Math.min(size, 3 * LONGEST_LINE);
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, size - length);
  const bytes = buffer.subarray(0, bytesRead);
  const end = bytes.lastIndexOf(LINE_END);
  const torn = bytes.length - end - 1;
  if (end < 0) return { hash: undefined, torn };
  const start = end === 0 ? -1 : bytes.lastIndexOf(LINE_END, end - 1);
  return { hash: hashOf(bytes.subarray(start + 1, end)), torn };
}
