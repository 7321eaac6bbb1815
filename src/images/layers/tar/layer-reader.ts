import { BLOCK_BYTES, paddingOf } from '../../tar/tar-header.ts';
import { invalidImage } from '../../model/descriptor.ts';
import type { OnBytes, Pieces } from '../../store.ts';
import { ByteReader } from './byte-reader.ts';
import { findMap, makeBody, type Body, type Headers } from './entry-body.ts';
import { parsePax, sparseFormat, type PaxRecords } from './pax.ts';
import { parseTarHeader, type TarHeader } from './tar-header.ts';

export const ENTRY_KINDS = ['file', 'link', 'symlink', 'character', 'block', 'directory', 'fifo'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** A file of a layer as its tar has it. Names and links are byte strings: one character for each byte. */
export interface LayerEntry extends EntryHead {
  /** Reads the file. Only before the next entry is asked for, and once. */
  content(): Pieces;
}

/** A file of a layer without its bytes. */
export interface EntryHead {
  readonly name: string;
  readonly kind: EntryKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** With its holes, if it is a sparse file. */
  readonly size: number;
  /** In seconds since 1970. */
  readonly mtime: number;
  readonly link: string;
  readonly major: number;
  readonly minor: number;
}

interface ReadLayerOptions {
  /** The most bytes that the layer may unpack to, and a sparse file of it. */
  readonly limit: number;
  /** Makes the error for a layer that is larger. */
  readonly tooLarge: () => Error;
}

/** The longest header in bytes: of names, and of extended attributes, which are skipped. */
const MOST_HEADER_BYTES = 1024 * 1024;

const KINDS: Readonly<Record<string, EntryKind>> = {
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
};

/**
 * Reads the tar of a layer that is unpacked already: ustar, pax, GNU and V7. It has a reader of its own since a layer
 * may have a million entries, names that are not UTF-8 and sparse files, none of which tar-stream can do. Reads to the
 * end, so that the digest is checked. Throws AppError IMAGE_INVALID.
 */
export async function* readLayer(pieces: Pieces, options: ReadLayerOptions): AsyncGenerator<LayerEntry> {
  const count = counter(options);
  const bytes = new ByteReader(pieces, count);
  try {
    for (;;) {
      const headers = await readHeaders(bytes);
      if (headers === undefined) break;
      const kind = KINDS[headers.header.type];
      const isPlain = headers.block === undefined && headers.pax.size === 0;
      const found = isPlain ? undefined : await findMap(headers, bytes);
      const body = makeBody(headers, {
        bytes,
        onHole: counter(options),
        ...(found === undefined ? {} : { found }),
      });
      if (kind !== undefined) yield entryOf(headers, kind, body);
      const rest = body.rest();
      if (!bytes.skipNow(rest)) await bytes.skip(rest);
    }
    await bytes.drain();
  } finally {
    await bytes.close();
  }
}

function counter({ limit, tooLarge }: ReadLayerOptions): OnBytes {
  let total = 0;
  return (count) => {
    total += count;
    if (total > limit) throw tooLarge();
  };
}

const NO_PAX: PaxRecords = new Map();

/** Reads the header of the next file, with those that only add to it. Undefined at the end. */
async function readHeaders(bytes: ByteReader): Promise<Headers | undefined> {
  let pax = NO_PAX;
  let longName: string | undefined;
  let longLink: string | undefined;
  for (;;) {
    const block: Buffer | undefined = bytes.readNow(BLOCK_BYTES) ?? (await bytes.read(BLOCK_BYTES));
    if (block === undefined) return undefined;
    const header = parseTarHeader(block);
    if (header === undefined) {
      await checkEnd(bytes);
      return undefined;
    }
    if (header.type === 'x') pax = parsePax(await readExtension(header, bytes));
    else if (header.type === 'L') longName = untilZero(await readExtension(header, bytes));
    else if (header.type === 'K') longLink = untilZero(await readExtension(header, bytes));
    else if (header.type === 'g') {
      // Docker and containerd pass over what is said for all files, and Go ends there what was said for the next one.
      await readExtension(header, bytes);
      [pax, longName, longLink] = [NO_PAX, undefined, undefined];
    } else return complete(header, { block, pax, longName, longLink });
  }
}

/** What Go does when it has all headers of a file. V7 had no type for a directory, but a slash at the end of its name. */
function complete(header: TarHeader, said: Omit<Headers, 'header' | 'block'> & { block: Buffer }): Headers {
  const block = header.type === 'S' ? Buffer.from(said.block) : undefined;
  if (header.type !== '\0') return { ...said, header, block };
  const type = plainName({ ...said, header }).endsWith('/') ? '5' : '0';
  return { ...said, header: { ...header, type }, block };
}

/** As Go's archive/tar, with which docker reads, wants two blocks of zeros: nothing is hidden behind one. */
async function checkEnd(bytes: ByteReader): Promise<void> {
  const block = await bytes.read(BLOCK_BYTES);
  if (block !== undefined && parseTarHeader(block) !== undefined)
    throw invalidImage('a layer of it has an empty block between its files');
}

async function readExtension({ size }: TarHeader, bytes: ByteReader): Promise<Buffer> {
  if (size > MOST_HEADER_BYTES) throw invalidImage('a layer of it has a header of more than 1 MiB');
  const text = Buffer.from((await bytes.read(size)) ?? []);
  await bytes.skip(paddingOf(size));
  return text;
}

function untilZero(text: Buffer): string {
  const end = text.indexOf(0);
  return text.toString('latin1', 0, end < 0 ? text.length : end);
}

function entryOf(headers: Headers, kind: EntryKind, body: Body): LayerEntry {
  const { header, pax, longLink } = headers;
  return {
    name: nameOf(headers),
    kind,
    mode: header.mode,
    uid: numberOf(pax, 'uid', header.uid),
    gid: numberOf(pax, 'gid', header.gid),
    size: kind === 'file' ? body.size : 0,
    mtime: numberOf(pax, 'mtime', header.mtime),
    link: (longLink || pax.get('linkpath')) ?? header.link,
    major: header.major,
    minor: header.minor,
    content: () => body.read(),
  };
}

function nameOf(headers: Headers): string {
  const isSparse = headers.block === undefined && sparseFormat(headers.pax) !== undefined;
  return (isSparse ? headers.pax.get('GNU.sparse.name') : undefined) ?? plainName(headers);
}

/** A long name of GNU wins over one of pax, whichever comes first. */
function plainName({ header, pax, longName }: Omit<Headers, 'block'>): string {
  return (longName || pax.get('path')) ?? header.name;
}

function numberOf(pax: PaxRecords, key: string, otherwise: number): number {
  const text = pax.get(key);
  return text === undefined ? otherwise : Math.floor(Number(text));
}
