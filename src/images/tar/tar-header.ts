/** The unit of a tar: headers have this size, and contents fill whole blocks (POSIX.1-2024, pax: "ustar Interchange Format"). */
export const BLOCK_BYTES = 512;

const NAME = [0, 100] as const;
const SIZE = [124, 12] as const;
const CHECKSUM = [148, 8] as const;
const TYPE = 156;
const LINK = [157, 100] as const;
const MAGIC = [257, 6] as const;
const PREFIX = [345, 155] as const;

/** One header block. */
export interface TarHeader {
  /** `0` a file, `1` a hard link, `2` a symbolic link, `5` a folder, `x` and `g` pax records, `L` and `K` long names of GNU tar. */
  readonly type: string;
  readonly name: string;
  readonly link: string;
  /** Bytes that follow, without the padding. */
  readonly size: number;
}

/** The zeros that follow content of this size. */
export function paddingOf(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** Returns the bytes of a tar header for a file of root, with the time 0. The name has at most 100 bytes of ASCII. */
export function encodeHeader(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, ...NAME, 'latin1');
  block.write('0000644\u00000000000\u00000000000\u0000', 100, 'latin1');
  block.write(encodeSize(size), ...SIZE, 'latin1');
  block.write('00000000000\u0000', 136, 'latin1');
  block.write('        0', CHECKSUM[0], 'latin1');
  block.write('ustar\u000000', MAGIC[0], 'latin1');
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\u0000 `, ...CHECKSUM, 'latin1');
  return block;
}

/** Sizes of 8 GiB and more don't fit into octal digits: GNU's form with base 256, which every reader knows. */
function encodeSize(size: number): string {
  const octal = size.toString(8);
  if (octal.length <= 11) return `${octal.padStart(11, '0')}\u0000`;
  const bytes = Buffer.alloc(SIZE[1]);
  bytes.writeBigUInt64BE(BigInt(size), 4);
  bytes[0] = 0x80;
  return bytes.toString('latin1');
}

/**
 * Reads a header block of an archive of images. Returns undefined for a block of zeros, and the reason if it is not a
 * header. It refuses what docker and skopeo never write there; layers hold any files of the world, and have a reader of
 * their own, which takes names as bytes and numbers as Go reads them (layers/tar/tar-header).
 */
export function decodeHeader(block: Buffer): TarHeader | string | undefined {
  if (block[0] === 0 && block.every((byte) => byte === 0)) return undefined;
  const sum = decodeNumber(block, CHECKSUM);
  if (sum !== checksumOf(block) && sum !== signedChecksumOf(block)) return 'is not the header of a tar entry';
  const size = decodeNumber(block, SIZE);
  if (size === undefined) return 'has a size that is not a number of bytes';
  const prefix =
    block.toString('latin1', MAGIC[0], MAGIC[0] + 6) === 'ustar\u0000' ? textAt(block, PREFIX) : '';
  const name = textAt(block, NAME);
  return {
    type: typeOf(block[TYPE] ?? 0),
    name: prefix === '' ? name : `${prefix}/${name}`,
    link: textAt(block, LINK),
    size,
  };
}

/** Old tars have a zero byte for a file, and a contiguous file (`7`) is a file. */
function typeOf(byte: number): string {
  const type = String.fromCharCode(byte);
  return byte === 0 || type === '7' ? '0' : type;
}

type Field = readonly [from: number, bytes: number];

function textAt(block: Buffer, [from, bytes]: Field): string {
  return untilZero(block.subarray(from, from + bytes));
}

/** Returns the text before the first zero byte. */
export function untilZero(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Reads octal digits, or a number of base 256. Undefined if it is neither, is negative, or is beyond 2^53. */
function decodeNumber(block: Buffer, [from, bytes]: Field): number | undefined {
  const first = block[from] ?? 0;
  if (first >= 0x80) {
    const number = BigInt(`0x${block.toString('hex', from + 1, from + bytes)}`);
    return first === 0x80 && number <= Number.MAX_SAFE_INTEGER ? Number(number) : undefined;
  }
  const digits = block
    .toString('latin1', from, from + bytes)
    .replaceAll('\0', ' ')
    .trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits === '' ? '0' : digits, 8) : undefined;
}

/** The checksum of a block of zeros. */
export const BLANK_SUM = 8 * 0x20;

/** Adds the bytes up, with spaces in the field of the sum itself. */
export function checksumOf(block: Buffer): number {
  let sum = BLANK_SUM;
  for (let at = 0; at < CHECKSUM[0]; at += 1) sum += block[at] ?? 0;
  for (let at = CHECKSUM[0] + CHECKSUM[1]; at < BLOCK_BYTES; at += 1) sum += block[at] ?? 0;
  return sum;
}

/** Some old programs added the bytes up as signed ones. */
function signedChecksumOf(block: Buffer): number {
  const outside = block.filter((byte, at) => byte > 127 && (at < CHECKSUM[0] || at >= CHECKSUM[0] + 8));
  return checksumOf(block) - 256 * outside.length;
}
