import { invalidImage } from '../../model/descriptor.ts';
import { BLANK_SUM, checksumOf } from '../../tar/tar-header.ts';

/**
 * One header block of a tar (POSIX.1-1988 ustar, and what GNU tar made of it). Names are byte strings: one character for
 * each byte, since nothing says that a name is UTF-8. Archives of images have a reader of their own, which is stricter
 * (images/tar/tar-header).
 */
export interface TarHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The bytes that follow. */
  readonly size: number;
  /** In seconds since 1970. */
  readonly mtime: number;
  /** `0` a file, `1` a hard link, `2` a symbolic link, `5` a directory, `x` pax records ... A zero byte: of V7. */
  readonly type: string;
  readonly link: string;
  readonly major: number;
  readonly minor: number;
}

/** Parses a header. Returns undefined for a block of zeros, which ends a tar. Throws AppError IMAGE_INVALID. */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  const sum = checksumOf(block);
  if (sum === BLANK_SUM) return undefined;
  if (sum !== numberAt(block, 148, 8)) throw invalidImage('a layer of it is not a tar, or is damaged');
  const magic = block.toString('latin1', 257, 265);
  const isPosix = magic === 'ustar\u000000';
  const prefix = isPosix ? textAt(block, 345, 155) : '';
  const name = textAt(block, 0, 100);
  const hasDevice = magic.startsWith('ustar');
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: numberAt(block, 100, 8) & 0o7777,
    uid: numberAt(block, 108, 8),
    gid: numberAt(block, 116, 8),
    size: sizeAt(block, 124),
    mtime: numberAt(block, 136, 12),
    type: String.fromCharCode(block[156] ?? 0),
    link: textAt(block, 157, 100),
    major: hasDevice ? numberAt(block, 329, 8) : 0,
    minor: hasDevice ? numberAt(block, 337, 8) : 0,
  };
}

function textAt(block: Buffer, from: number, length: number): string {
  const end = block.indexOf(0, from);
  return block.toString('latin1', from, end < 0 || end > from + length ? from + length : end);
}

/** Reads a size in octal digits or in base 256, as GNU tar writes it from 8 GiB on. Throws AppError IMAGE_INVALID. */
export function sizeAt(block: Buffer, from: number): number {
  const size = numberAt(block, from, 12);
  if (size < 0 || !Number.isSafeInteger(size))
    throw invalidImage('a file in a layer of it has no possible size');
  return size;
}

function numberAt(block: Buffer, from: number, length: number): number {
  const first = block[from] ?? 0;
  if (first === 0x80 || first === 0xff) return wideNumber(block.subarray(from, from + length));
  let value = 0;
  let at = from;
  while (at < from + length && block[at] === 0x20) at += 1;
  for (; at < from + length; at += 1) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  return value;
}

function wideNumber(bytes: Buffer): number {
  const isNegative = bytes[0] === 0xff;
  let value = 0;
  for (const byte of bytes.subarray(1)) value = value * 256 + (isNegative ? 255 - byte : byte);
  return isNegative ? -value - 1 : value;
}
