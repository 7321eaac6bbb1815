import { parseDigest, type Algorithm } from '../../oci/digest.ts';

const BYTES: readonly (readonly [Algorithm, number])[] = [
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
];

/** Returns the bytes of a digest: their number tells its algorithm. Undefined if the text is no digest that is known. */
export function packDigest(text: string): Uint8Array | undefined {
  const digest = parseDigest(text);
  return digest === undefined ? undefined : Buffer.from(digest.hex, 'hex');
}

export function unpackDigest(bytes: Uint8Array): string {
  const algorithm = BYTES.find(([, length]) => length === bytes.length)?.[0] ?? 'sha256';
  return `${algorithm}:${Buffer.from(bytes).toString('hex')}`;
}

/** Returns ids of blobs in four bytes each. */
export function packIds(ids: Iterable<number>): Uint8Array {
  return new Uint8Array(Uint32Array.from(ids).buffer);
}

export function unpackIds(bytes: Uint8Array): Uint32Array {
  // What SQLite gives may begin anywhere in its memory.
  return new Uint32Array(Uint8Array.from(bytes).buffer);
}
