import { BLOCK_BYTES } from '../../tar/tar-header.ts';
import { invalidImage } from '../../model/descriptor.ts';
import type { Pieces } from '../../store.ts';
import type { ByteReader } from './byte-reader.ts';
import { sizeAt } from './tar-header.ts';

/** What a tar holds of a file with holes (GNU tar manual: "Storing Sparse Files"). */
export interface SparseMap {
  /** The size of the file with its holes. */
  readonly size: number;
  /** Offset and length of each part, one after the other. */
  readonly parts: readonly number[];
}

const MOST_PARTS = 64 * 1024;
/** A number of bytes in decimal digits. */
const LONGEST_LINE = 20;
const ZEROS = Buffer.alloc(64 * 1024);

/** Reads the map of the old GNU format: in the header, and in blocks after it. */
export async function readOldMap(header: Buffer, bytes: ByteReader): Promise<SparseMap> {
  const size = sizeAt(header, 483);
  const parts = partsOf(header, 386, 4);
  let isLast = header[482] === 0;
  while (!isLast) {
    const block = await bytes.read(BLOCK_BYTES);
    if (block === undefined) throw invalidMap();
    parts.push(...partsOf(block, 0, 21));
    if (parts.length > 2 * MOST_PARTS) throw invalidMap();
    isLast = block[504] === 0;
  }
  return { size, parts };
}

function partsOf(block: Buffer, from: number, count: number): number[] {
  const parts: number[] = [];
  for (let n = 0; n < count && block[from + n * 24] !== 0; n += 1)
    parts.push(sizeAt(block, from + n * 24), sizeAt(block, from + n * 24 + 12));
  return parts;
}

/** Reads the map of the pax formats 0.0 and 0.1, `offset,length,...`. */
export function parseMap(text: string, size: number): SparseMap {
  const parts = text === '' ? [] : text.split(',').map(decimal);
  if (parts.length > 2 * MOST_PARTS) throw invalidMap();
  return { size, parts };
}

/** Reads the map of the pax format 1.0, which stands before the data in lines. Returns how many bytes it takes, too. */
export async function readNewMap(
  bytes: ByteReader,
  size: number,
  most: number,
): Promise<{ readonly map: SparseMap; readonly taken: number }> {
  let text = '';
  let wanted = 1;
  let taken = 0;
  let lines: string[] = [];
  while (lines.length <= wanted) {
    const block = taken + BLOCK_BYTES > most ? undefined : await bytes.read(BLOCK_BYTES);
    if (block === undefined || text.length > LONGEST_LINE) throw invalidMap();
    taken += BLOCK_BYTES;
    text += block.toString('latin1');
    const ended = text.lastIndexOf('\n');
    lines.push(
      ...text
        .slice(0, Math.max(ended, 0))
        .split('\n')
        .filter((line) => line !== ''),
    );
    text = text.slice(ended + 1);
    if (lines.length > 0) wanted = 2 * decimal(lines[0] ?? '');
    if (wanted > 2 * MOST_PARTS) throw invalidMap();
  }
  lines = lines.slice(1, wanted + 1);
  return { map: { size, parts: lines.map(decimal) }, taken };
}

export function decimal(text: string): number {
  const number = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(number)) throw invalidMap();
  return number;
}

/** Checks that the parts are in order and hold as many bytes as the tar. Throws AppError IMAGE_INVALID. */
export function checkMap({ size, parts }: SparseMap, stored: number): void {
  let end = 0;
  let sum = 0;
  for (let at = 0; at < parts.length; at += 2) {
    const [offset = 0, length = 0] = parts.slice(at, at + 2);
    if (offset < end) throw invalidMap();
    end = offset + length;
    sum += length;
  }
  if (end > size || sum !== stored) throw invalidMap();
}

/** Gives the file with its holes. `onHole` is told of the bytes that are made, and may throw. */
export async function* fillHoles(
  { size, parts }: SparseMap,
  take: (count: number) => Pieces,
  onHole: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  for (let at = 0; at <= parts.length; at += 2) {
    const [offset = size, length = 0] = parts.slice(at, at + 2);
    while (position < offset) {
      const hole = ZEROS.subarray(0, offset - position);
      onHole(hole.length);
      position += hole.length;
      yield hole;
    }
    yield* take(length);
    position += length;
  }
}

function invalidMap(): Error {
  return invalidImage('the map of a sparse file in a layer of it makes no sense');
}
