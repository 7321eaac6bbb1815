import { AppError } from '../../../lib/errors.ts';
import { digestOf, type Digest } from '../../../oci/digest.ts';
import { textOf, type Descriptor } from '../../model/descriptor.ts';
import { MOST_MANIFEST_BYTES, type StoredManifest } from '../../model/manifest.ts';
import { parseJsonObject } from '../../model/json.ts';
import { blobPath } from '../layout/layout-files.ts';
import { checkWhole, mismatch, verified } from '../../model/verified.ts';
import type { Pieces, ReadOptions } from '../../store.ts';
import { readWhole, type FileStore, type StoredFile } from './file-store.ts';

/** Reads a blob from its file. Its digest is checked unless it is read from the middle, or who reads checks it. */
export function readBlobFile(
  file: StoredFile,
  blob: Descriptor,
  label: string,
  options: ReadOptions = {},
): Pieces {
  const { from = 0, verify = true, signal } = options;
  checkSize(file, blob, label);
  const pieces = file.read(from, { signal });
  return from === 0 && verify ? verified(pieces, blob, label) : pieces;
}

/** Reads a whole blob from its file into memory, and checks its digest. */
export async function readWholeBlob(file: StoredFile, blob: Descriptor, label: string): Promise<Buffer> {
  checkSize(file, blob, label);
  const bytes = await file.readWhole();
  checkWhole(bytes, blob, label);
  return bytes;
}

function checkSize(file: StoredFile, blob: Descriptor, label: string): void {
  if (file.size !== blob.size)
    throw mismatch(blob, label, `it has ${file.size} bytes instead of ${blob.size}`);
}

/** Reads a manifest by digest, and checks it. Undefined if there is none. */
export async function readManifestBlob(
  store: FileStore,
  digest: Digest,
  mediaType: string,
): Promise<StoredManifest | undefined> {
  const file = await store.find(blobPath(digest));
  const bytes = file === undefined ? undefined : await readWhole(file, MOST_MANIFEST_BYTES);
  if (bytes === undefined) return undefined;
  const found = digestOf(digest.algorithm, bytes);
  if (found.hex !== digest.hex)
    throw mismatch({ digest, size: bytes.length }, store.label, `its bytes have ${found.text}`);
  const stated = textOf(parseJsonObject(bytes) ?? {}, 'mediaType');
  return { mediaType: stated === '' ? mediaType : stated, digest, bytes };
}

/** A blob that a manifest names and the archive does not hold. */
export function missingBlob({ digest }: Pick<Descriptor, 'digest'>, label: string): AppError {
  return new AppError('BLOB_MISSING', {
    message: `${label} does not hold ${digest.text}, which a manifest in it names.`,
    hint: 'It may hold one platform alone: name it, as in --platform linux/amd64. Or save the image again.',
  });
}
