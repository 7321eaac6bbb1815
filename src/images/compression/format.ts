import type { Compression } from '../model/media-types.ts';

/** How a whole archive may be compressed. Layers are compressed in the first three ways only. */
export type ArchiveCompression = Compression | 'bzip2' | 'xz';

/** How many bytes `compressionOf` needs to see. */
export const MAGIC_BYTES = 6;

const MAGIC: readonly (readonly [ArchiveCompression, RegExp])[] = [
  ['gzip', /^1f8b/],
  // A frame, or a skippable frame (RFC 8878, sections 3.1.1 and 3.1.2).
  ['zstd', /^28b52ffd|^5[0-9a-f]2a4d18/],
  ['bzip2', /^425a68/],
  ['xz', /^fd377a585a00/],
];

/** Tells by the first bytes how something is compressed. Whatever is not known is taken for uncompressed. */
export function compressionOf(head: Uint8Array): ArchiveCompression {
  const hex = Buffer.from(head.subarray(0, MAGIC_BYTES)).toString('hex');
  return MAGIC.find(([, magic]) => magic.test(hex))?.[0] ?? 'none';
}
