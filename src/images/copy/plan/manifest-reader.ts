import { AppError } from '../../../lib/errors.ts';
import type { StoredManifest } from '../../model/manifest.ts';
import type { ImageSource } from '../../store.ts';

/** Reads the manifests of one copy, each once, up to a bound. */
export interface ManifestReader {
  readonly source: ImageSource;
  /** Returns undefined if there is none. Throws AppError IMAGE_INVALID if it is one too many. */
  read(reference: string): Promise<StoredManifest | undefined>;
}

/**
 * What the manifests of one image may hold together: far more than an index of every platform with attestations and
 * signatures, and little enough to be kept in memory.
 */
const MOST_MANIFESTS = 4096;
const MOST_BYTES = 64 * 1024 * 1024;

/** Makes a reader for one copy. */
export function createManifestReader(
  source: ImageSource,
  { mostManifests = MOST_MANIFESTS, mostBytes = MOST_BYTES } = {},
): ManifestReader {
  const read = new Map<string, Promise<StoredManifest | undefined>>();
  let bytes = 0;
  const fetch = async (reference: string): Promise<StoredManifest | undefined> => {
    const stored = await source.readManifest(reference);
    bytes += stored?.bytes.length ?? 0;
    if (bytes > mostBytes) throw tooLarge(source, `manifests of more than ${mostBytes} bytes`);
    return stored;
  };
  return {
    source,
    read: (reference) => {
      const before = read.get(reference);
      if (before !== undefined) return before;
      if (read.size >= mostManifests) throw tooLarge(source, `more than ${mostManifests} manifests`);
      const now = fetch(reference);
      read.set(reference, now);
      return now;
    },
  };
}

function tooLarge({ label }: ImageSource, what: string): AppError {
  return new AppError('IMAGE_INVALID', {
    message: `The image of ${label} has ${what}, which no image needs.`,
    hint: 'Copy one platform of it: registry-gate images copy --platform linux/amd64 SOURCE TARGET',
  });
}
