import type { FileHandle } from 'node:fs/promises';
import { FileWindow } from './file-window.ts';
import { invalidArchive, quoted } from './invalid-archive.ts';
import { decodePax, type PaxChanges } from './pax-records.ts';
import { BLOCK_BYTES, decodeHeader, paddingOf, untilZero, type TarHeader } from './tar-header.ts';

/** An entry of a tar, as it is written there: its names are hostile until checked. */
export interface TarEntry {
  readonly kind: 'file' | 'symbolic link' | 'hard link' | 'folder' | 'device';
  readonly name: string;
  /** Where a link leads. */
  readonly link: string;
  /** Position of the content in the tar, in bytes. */
  readonly offset: number;
  readonly size: number;
}

/** As in Go's archive/tar, with which docker, podman and skopeo read. */
const MOST_RECORD_BYTES = 1024 * 1024;
const LONGEST_NAME = 4096;
/** A save of the classic store has four entries for each layer. */
const MOST_ENTRIES = 200_000;

const KINDS: Readonly<Record<string, TarEntry['kind']>> = {
  '0': 'file',
  '1': 'hard link',
  '2': 'symbolic link',
  '5': 'folder',
};
const WITHOUT_CONTENT = '123456';
const RECORDS = 'xgLK';

type Pending = { -readonly [Key in keyof PaxChanges]?: PaxChanges[Key] };

/**
 * Lists the entries of a tar in a file by jumping from header to header: contents are not read. Like Go's archive/tar it
 * ends at two blocks of zeros or at the end of the file, and ignores what follows. Throws AppError ARCHIVE_INVALID.
 */
export async function* walkTar(file: FileHandle, label: string): AsyncGenerator<TarEntry> {
  const { size: fileSize } = await file.stat();
  const window = new FileWindow(file);
  let pending: Pending = {};
  let entries = 0;
  for (let position = 0; ;) {
    const header = await readHeader(window, position, label);
    if (header === undefined) break;
    entries += 1;
    if (entries > MOST_ENTRIES) throw invalidArchive(label, `it has more than ${MOST_ENTRIES} entries`);
    const offset = position + BLOCK_BYTES;
    const isRecord = RECORDS.includes(header.type);
    const entry = makeEntry(header, isRecord ? {} : pending, offset);
    if (header.type === 'S' || (!isRecord && pending.isSparse === true))
      throw invalidArchive(
        label,
        `the entry ${quoted(entry.name)} is a sparse file, which no program writes into images`,
      );
    if (offset + entry.size > fileSize)
      throw invalidArchive(
        label,
        `the entry ${quoted(entry.name)} is cut short: the file ends before it does`,
      );
    if (isRecord) await readRecord(window, { header, offset, label }, pending);
    else {
      checkName(entry, label);
      pending = {};
      yield entry;
    }
    position = offset + entry.size + paddingOf(entry.size);
  }
}

/** Returns undefined at the end of the tar. */
async function readHeader(
  window: FileWindow,
  position: number,
  label: string,
): Promise<TarHeader | undefined> {
  const block = await window.read(position, BLOCK_BYTES);
  if (block.length === 0) return undefined;
  if (block.length < BLOCK_BYTES)
    throw invalidArchive(label, `it is cut short at byte ${position + block.length}`);
  const header = decodeHeader(block);
  if (typeof header === 'string') throw invalidArchive(label, `what stands at byte ${position} ${header}`);
  if (header !== undefined) return header;
  const next = await window.read(position + BLOCK_BYTES, BLOCK_BYTES);
  if (next.every((byte) => byte === 0)) return undefined;
  throw invalidArchive(label, `an empty block stands at byte ${position}, in the midst of it`);
}

function makeEntry(header: TarHeader, pending: Pending, offset: number): TarEntry {
  const name = pending.name ?? header.name;
  const kind = header.type === '0' && name.endsWith('/') ? 'folder' : (KINDS[header.type] ?? 'device');
  return {
    kind,
    name,
    link: pending.link ?? header.link,
    offset,
    // Go's archive/tar takes the size of links, folders and devices for 0 whatever their header says.
    size: WITHOUT_CONTENT.includes(header.type) ? 0 : (pending.size ?? header.size),
  };
}

interface RecordPlace {
  readonly header: TarHeader;
  readonly offset: number;
  readonly label: string;
}

/** Reads the record of a long name or of pax into what is pending. */
async function readRecord(
  window: FileWindow,
  { header, offset, label }: RecordPlace,
  pending: Pending,
): Promise<void> {
  if (header.size > MOST_RECORD_BYTES)
    throw invalidArchive(
      label,
      `a header at byte ${offset} has ${header.size} bytes, more than ${MOST_RECORD_BYTES}`,
    );
  // Go's archive/tar does not apply global records to entries either.
  if (header.type === 'g') return;
  const bytes = await window.read(offset, header.size);
  if (header.type === 'L') pending.name = untilZero(bytes);
  else if (header.type === 'K') pending.link = untilZero(bytes);
  else {
    const changes = decodePax(bytes);
    if (changes === undefined) throw invalidArchive(label, `the pax header at byte ${offset} is malformed`);
    Object.assign(pending, changes);
  }
}

function checkName({ name, link }: TarEntry, label: string): void {
  if (Buffer.byteLength(name) > LONGEST_NAME || Buffer.byteLength(link) > LONGEST_NAME)
    throw invalidArchive(label, `the name ${quoted(name)} is longer than ${LONGEST_NAME} bytes`);
}
