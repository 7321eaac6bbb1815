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
  /** Bytes of a line that was being written when the gate, or the machine, died. */
  readonly torn: number;
  /** Whether there is no line end yet: behind a torn line, and behind a whole one that lacks nothing else. */
  readonly isOpen: boolean;
}

/** No line of ours is longer. */
export const LONGEST_LINE = 64 * 1024;
export const EMPTY: Tail = { hash: undefined, torn: 0, isOpen: false };
const LINE_END = 0x0a;
const OBJECT = 0x7b;

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
  const rest = bytes.subarray(end + 1);
  const isOpen = rest.length > 0;
  if (fieldsOf(rest) !== undefined) return { hash: hashOf(rest), torn: 0, isOpen };
  if (end < 0) return { hash: undefined, torn: rest.length, isOpen };
  const start = end === 0 ? -1 : bytes.lastIndexOf(LINE_END, end - 1);
  return { hash: hashOf(bytes.subarray(start + 1, end)), torn: rest.length, isOpen };
}

export type Fields = Readonly<Record<string, unknown>>;

/** A line as what it says; undefined for what is no line of the audit log. */
export function fieldsOf(bytes: Buffer): Fields | undefined {
  if (bytes[0] !== OBJECT) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
