import { AppError } from '../../../lib/errors.ts';
import { MOST_CONFIG_BYTES } from '../../model/config.ts';
import { invalidImage, textOf, type Descriptor } from '../../model/descriptor.ts';
import { isContainerConfig, isForeignLayer } from '../../model/media-types.ts';
import type { ImageManifest, Manifest } from '../../model/manifest.ts';
import { parseJsonObject, type JsonObject } from '../../model/json.ts';
import type { Platform } from '../../model/platform.ts';
import type { ImageSource } from '../../store.ts';

/** Reads the config of a container image. Undefined for an artifact. Throws AppError IMAGE_INVALID. */
export async function readConfig(
  source: ImageSource,
  { config }: ImageManifest,
): Promise<JsonObject | undefined> {
  if (!isContainerConfig(config.mediaType)) return undefined;
  if (config.size > MOST_CONFIG_BYTES) throw invalidImage(`its config has ${config.size} bytes`);
  const pieces: Buffer[] = [];
  for await (const piece of source.readBlob(config)) pieces.push(Buffer.from(piece));
  const json = parseJsonObject(Buffer.concat(pieces));
  if (json === undefined) throw invalidImage('its config is not a JSON object');
  return json;
}

/** Returns what an image says in its config that it runs on. Undefined for an artifact. */
export async function readPlatformOf(
  source: ImageSource,
  manifest: ImageManifest,
): Promise<Platform | undefined> {
  const config = await readConfig(source, manifest);
  if (config === undefined) return undefined;
  const variant = textOf(config, 'variant');
  return {
    os: textOf(config, 'os'),
    architecture: textOf(config, 'architecture'),
    ...(variant === '' ? {} : { variant }),
  };
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
