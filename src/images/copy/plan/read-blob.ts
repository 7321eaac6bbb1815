import { AppError } from '../../../lib/errors.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { isForeignLayer } from '../../model/media-types.ts';
import type { ImageManifest, Manifest } from '../../model/manifest.ts';
import type { Platform } from '../../model/platform.ts';
import type { ImageSource } from '../../store.ts';
import { readConfig } from '../../view/open-image.ts';

/** Returns what an image says in its config that it runs on. Undefined for an artifact. Throws AppError IMAGE_INVALID. */
export async function readPlatformOf(
  source: ImageSource,
  manifest: ImageManifest,
): Promise<Platform | undefined> {
  return (await readConfig(source, manifest))?.platform;
}

/** Whether an archive holds all blobs of a manifest. Foreign layers may be elsewhere. */
export async function isWhole(archive: ImageSource, manifest: Manifest): Promise<boolean> {
  if (manifest.kind === 'index') return true;
  for (const blob of [manifest.config, ...manifest.layers]) {
    if (!isForeignLayer(blob.mediaType) && !(await holdsBlob(archive, blob))) return false;
  }
  return true;
}

/** Whether a source has a blob: its first piece is read. */
export async function holdsBlob(source: ImageSource, blob: Descriptor): Promise<boolean> {
  const pieces = source.readBlob(blob, { verify: false })[Symbol.asyncIterator]();
  try {
    await pieces.next();
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'BLOB_MISSING') return false;
    throw error;
  } finally {
    await pieces.return?.();
  }
}
