import { AppError } from '../../lib/errors.ts';
import type { ImageManifest, Manifest } from '../model/manifest.ts';
import type { ImageSource } from '../store.ts';
import { readConfig } from '../view/open-image.ts';

/** image-spec: "Pre-Defined Annotation Keys". */
const CREATED = 'org.opencontainers.image.created';
const UNREADABLE: readonly string[] = ['BLOB_MISSING', 'DIGEST_MISMATCH', 'IMAGE_INVALID'];
/** The first release of docker. Builds that want the same bytes each time state 1970, 1980 or the year 1 instead. */
const FIRST_IMAGE = Date.UTC(2013, 2, 20);
/** How far ahead the clock of a builder may be. */
const CLOCK_SKEW_MS = 86_400_000;

/**
 * Returns when an image was made, in milliseconds since 1970: by its annotation, else by its config. Undefined if neither
 * says so, if it states a time before there were images, as reproducible builds do, or one to come: an image of the
 * future would be the newest for ever.
 */
export async function createdOf(
  source: ImageSource,
  manifest: Manifest,
  now: number = Date.now(),
): Promise<number | undefined> {
  const stated = momentOf(manifest.annotations[CREATED] ?? '', now);
  if (stated !== undefined || manifest.kind === 'index') return stated;
  return momentOf(await statedIn(source, manifest), now);
}

/** Returns nothing if the registry has no whole config, or programs would read different things in it. */
async function statedIn(source: ImageSource, manifest: ImageManifest): Promise<string> {
  try {
    return (await readConfig(source, manifest))?.created ?? '';
  } catch (error) {
    if (error instanceof AppError && UNREADABLE.includes(error.code)) return '';
    throw error;
  }
}

/** RFC 3339, as the specification wants it. `Date.parse` takes "Build #2019" for a year. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

function momentOf(text: string, now: number): number | undefined {
  const moment = RFC_3339.test(text) ? Date.parse(text) : NaN;
  return moment >= FIRST_IMAGE && moment <= now + CLOCK_SKEW_MS ? moment : undefined;
}
