import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';

/** Returns the hash of a line that the next line carries: SHA-256 of its bytes without the line end, in hex. */
export function hashOf(line: string | Buffer): string {
  return createHash('sha256').update(line).digest('hex');
}

/** The end of a file, as the next line needs it. */
interface Tail {
  /** Of its last complete line; undefined if there is none. */
  readonly hash: string | undefined;
  /** Bytes of an incomplete line, which was being written when the gate or the machine crashed. */
  readonly torn: number;
  /** Whether the line end is missing, after an incomplete line or after a complete one. */
  readonly isOpen: boolean;
}

/** The longest line that the gate writes. */
const LONGEST_LINE = 64 * 1024;
export const EMPTY: Tail = { hash: undefined, torn: 0, isOpen: false };
const LINE_END = 0x0a;
const OBJECT = 0x7b;

/** Reads the end of a file. A file that does not exist, or has no end, like a pipe, has an empty tail. */
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

export type AuditFields = Readonly<Record<string, unknown>>;

/** Parses a line. Returns undefined if it is not a line of the audit log. */
export function fieldsOf(bytes: Buffer): AuditFields | undefined {
  if (bytes[0] !== OBJECT) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is AuditFields {
  return typeof value === 'object' && value !== null;
}
