import { AppError } from '../../lib/errors.ts';
import { parseJsonObject } from '../model/json.ts';
import { textOf, type Descriptor } from '../model/descriptor.ts';
import type { Manifest } from '../model/manifest.ts';
import { isContainerConfig } from '../model/media-types.ts';
import type { ImageSource } from '../store.ts';

/** image-spec: "Pre-Defined Annotation Keys". */
const CREATED = 'org.opencontainers.image.created';
/** The largest config that is read for its time, in bytes. */
const MOST_CONFIG_BYTES = 4 * 1024 * 1024;
/** The first release of docker. Builds that want the same bytes each time state 1970, 1980 or the year 1 instead. */
const FIRST_IMAGE = Date.UTC(2013, 2, 20);

/**
 * Returns when an image was made, in milliseconds since 1970: by its annotation, else by its config. Undefined if neither
 * says so, or if it states a time before there were images, as reproducible builds do.
 */
export async function createdOf(source: ImageSource, manifest: Manifest): Promise<number | undefined> {
  const stated = momentOf(manifest.annotations[CREATED] ?? '');
  if (stated !== undefined || manifest.kind === 'index') return stated;
  const { config } = manifest;
  if (!isContainerConfig(config.mediaType) || config.size > MOST_CONFIG_BYTES) return undefined;
  return momentOf(textOf(parseJsonObject(await readWhole(source, config)) ?? {}, 'created'));
}

/** Returns nothing if the registry has no whole config: then the time is not known. */
async function readWhole(source: ImageSource, blob: Descriptor): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of source.readBlob(blob)) pieces.push(Uint8Array.from(piece));
  } catch (error) {
    if (error instanceof AppError && ['BLOB_MISSING', 'DIGEST_MISMATCH'].includes(error.code))
      return Buffer.alloc(0);
    throw error;
  }
  return Buffer.concat(pieces);
}

function momentOf(text: string): number | undefined {
  const moment = Date.parse(text);
  return Number.isNaN(moment) || moment < FIRST_IMAGE ? undefined : moment;
}
