import { open, type FileHandle } from 'node:fs/promises';
import { createLineFilter, type Filter } from './filter.ts';
import type { AuditFields } from './log/chain.ts';
import { listLogFiles, type LogFile } from './log/log-files.ts';

/** A place in an audit log: everything before it is older. It stays valid when the file is moved away. */
export interface LogPlace {
  readonly inode: string;
  readonly offset: number;
}

interface ReadBackOptions {
  readonly path: string;
  readonly filter: Filter;
  /** Where an earlier answer ended. Default: the end of the log. */
  readonly before?: LogPlace | undefined;
  /** The most lines. */
  readonly most: number;
  /** The most bytes that are read. Default: 8 MiB, some 25,000 lines. */
  readonly mostBytes?: number;
}

/** Lines of an audit log, the newest first. */
interface LogPage {
  readonly lines: readonly AuditFields[];
  /** Where older lines begin; undefined where there are none. With fewer than `most` lines, so many bytes held no others. */
  readonly next: LogPlace | undefined;
  /** Whether there are older files that are compressed, and not read. */
  readonly isCompressed: boolean;
}

const MOST_BYTES = 8 * 1024 * 1024;
const CHUNK = 128 * 1024;
/** Longer than any line that the gate writes. A longer one is skipped. */
const LONGEST = 256 * 1024;
const LINE_END = 0x0a;

/**
 * Reads the lines of an audit log that match, from its end backwards and on into the files that were moved away, without
 * reading more than it shows. Rejects with a system error.
 */
export async function readBack(options: ReadBackOptions): Promise<LogPage> {
  const { path, filter, before, most, mostBytes = MOST_BYTES } = options;
  const { files, isCompressed } = await listLogFiles(path);
  const reading: Reading = {
    pick: createLineFilter(filter),
    most,
    lines: [],
    left: mostBytes,
    since: filter.since,
  };
  const next = await readFiles(reading, before === undefined ? files : filesFrom(files, before), before);
  return { lines: reading.lines, next, isCompressed };
}

/** The files from the one of a place on; none where it is gone: compressed, or removed. */
function filesFrom(files: readonly LogFile[], { inode }: LogPlace): readonly LogFile[] {
  const first = files.findIndex((file) => file.inode === inode);
  return first < 0 ? [] : files.slice(first);
}

/** Returns where to go on; undefined where nothing is left that may match. */
async function readFiles(
  reading: Reading,
  files: readonly LogFile[],
  before: LogPlace | undefined,
): Promise<LogPlace | undefined> {
  for (const [at, file] of files.entries()) {
    const end = at === 0 && before !== undefined ? Math.min(before.offset, file.size) : file.size;
    const stopped = await readFileBack(reading, file, end);
    if (stopped === 'too-old') return undefined;
    if (stopped > 0) return { inode: file.inode, offset: stopped };
    if (reading.lines.length >= reading.most || reading.left <= 0) return placeAtEnd(files[at + 1]);
  }
  return undefined;
}

function placeAtEnd(file: LogFile | undefined): LogPlace | undefined {
  return file && { inode: file.inode, offset: file.size };
}

interface Reading {
  readonly pick: (bytes: Buffer) => AuditFields | undefined;
  readonly most: number;
  readonly lines: AuditFields[];
  readonly since: number | undefined;
  /** Bytes that may still be read. */
  left: number;
}

/** Returns the offset before which nothing was read; 0 for the whole file. `too-old`: the rest is before the wanted time. */
async function readFileBack(reading: Reading, { path }: LogFile, end: number): Promise<number | 'too-old'> {
  const file = await open(path, 'r');
  try {
    let at = end;
    // What was read of the line that begins before `at`.
    let rest: Buffer = Buffer.alloc(0);
    while (at > 0 && reading.lines.length < reading.most && reading.left > 0) {
      const bytes = await chunkBefore(file, at, reading);
      const start = at - bytes.length;
      const joined = rest.length > LONGEST ? bytes : Buffer.concat([bytes, rest]);
      const taken = takeLines(reading, joined, start === 0);
      if (taken === 'too-old') return 'too-old';
      // A page that is full ends at the beginning of its last line.
      if (reading.lines.length >= reading.most) return start + taken;
      rest = Buffer.from(joined.subarray(0, taken));
      at = start;
    }
    return at === 0 ? 0 : at + rest.length;
  } finally {
    await file.close();
  }
}

async function chunkBefore(file: FileHandle, at: number, reading: Reading): Promise<Buffer> {
  const length = Math.min(CHUNK, at);
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(buffer, 0, length, at - length);
  reading.left -= length;
  return buffer.subarray(0, bytesRead);
}

/**
 * Takes whole lines from the end of the bytes on. Returns how many bytes are left before them: those of a line that begins
 * earlier, or those that a full page leaves.
 */
function takeLines(reading: Reading, bytes: Buffer, isWhole: boolean): number | 'too-old' {
  let end = bytes.length;
  while (end > 0 && reading.lines.length < reading.most) {
    const start = end === 1 ? 0 : bytes.lastIndexOf(LINE_END, end - 2) + 1;
    if (start === 0 && !isWhole) return end;
    const line = bytes[end - 1] === LINE_END ? bytes.subarray(start, end - 1) : bytes.subarray(start, end);
    const fields = reading.pick(line);
    if (fields !== undefined) reading.lines.push(fields);
    else if (isBefore(line, reading.since)) return 'too-old';
    end = start;
  }
  return end;
}

/** How much later than its time a line may be written: a pull has ended after ten idle seconds, a push after two minutes. */
const LATEST_MS = 10 * 60_000;
const TIME = /^\{"time":"([^"]{20,30})"/;

function isBefore(line: Buffer, since: number | undefined): boolean {
  if (since === undefined) return false;
  const time = Date.parse(TIME.exec(line.toString('latin1', 0, 48))?.[1] ?? '');
  return time < since - LATEST_MS;
}
