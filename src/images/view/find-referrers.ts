import type { Digest } from '../../oci/digest.ts';
import type { ImageSource } from '../store.ts';
import { cosignTags, referrerOf, type Referrer } from './referrers.ts';

/** The most that are listed of one image. */
const MOST_REFERRERS = 1024;

/** Finds what refers to manifests: by the registry's list, and by the tags of cosign. */
export async function findReferrers(
  source: ImageSource,
  subjects: readonly Digest[],
): Promise<readonly Referrer[]> {
  const found = new Map<string, Referrer>();
  for (const subject of subjects) {
    for (const referrer of await source.listReferrers(subject)) {
      if (found.size < MOST_REFERRERS) found.set(referrer.digest.text, referrerOf(referrer));
    }
    for (const referrer of await findByTags(source, subject)) found.set(referrer.digest, referrer);
  }
  return [...found.values()];
}

async function findByTags(source: ImageSource, subject: Digest): Promise<readonly Referrer[]> {
  const all = cosignTags(subject).map(async ({ tag, kind }): Promise<readonly Referrer[]> => {
    const stored = await source.readManifest(tag);
    if (stored === undefined) return [];
    const { mediaType, digest, bytes } = stored;
    const base = { mediaType, digest: digest.text, size: bytes.length };
    return [{ kind, artifactType: '', ...base, tag, annotations: {} }];
  });
  return (await Promise.all(all)).flat();
}
